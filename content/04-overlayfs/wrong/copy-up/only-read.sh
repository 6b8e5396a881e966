#!/bin/sh
# fails: the-change-is-in-upper overlayfs.not-copied-up
cat /lab/site/merged/config/port
touch /lab/site/merged/news
