#!/bin/sh
# fails: the-change-is-in-upper overlayfs.not-copied-up
news=${news:-news}
cat /lab/site/merged/config/port
touch /lab/site/merged/$news
