#!/bin/sh
# fails: the-new-file-is-in-upper overlayfs.no-news
news=${news:-news}
echo 9090 > /lab/site/merged/config/port
mkdir /lab/site/merged/$news
