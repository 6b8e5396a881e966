#!/bin/sh
# fails: the-change-is-in-upper overlayfs.not-copied-up
news=${news:-news}
umount /lab/site/merged
mkdir /lab/site/merged/config
echo 9090 > /lab/site/merged/config/port
touch /lab/site/merged/$news
