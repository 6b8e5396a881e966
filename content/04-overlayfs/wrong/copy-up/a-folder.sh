#!/bin/sh
# fails: the-new-file-is-in-upper overlayfs.no-news
echo 9090 > /lab/site/merged/config/port
mkdir /lab/site/merged/news
