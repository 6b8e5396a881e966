#!/bin/sh
# fails: lower-is-as-it-was overlayfs.lower-changed
news=${news:-news}
echo 9090 > /lab/site/merged/config/port
touch /lab/site/lower/$news
