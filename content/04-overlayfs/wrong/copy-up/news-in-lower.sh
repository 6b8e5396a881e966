#!/bin/sh
# fails: lower-is-as-it-was overlayfs.lower-changed
echo 9090 > /lab/site/merged/config/port
touch /lab/site/lower/news
