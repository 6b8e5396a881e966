#!/bin/sh
# fails: the-change-is-in-upper overlayfs.other-port
touch /lab/site/merged/config/port /lab/site/merged/news
