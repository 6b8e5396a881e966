#!/bin/sh
# fails: lower-keeps-everything overlayfs.lower-lost
cd /lab/trash/lower
rm secret
rm -r cache
mkdir /lab/trash/merged/cache
touch /lab/trash/merged/cache/c
