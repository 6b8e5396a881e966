#!/bin/sh
# fails: lower-keeps-everything overlayfs.lower-changed
cd /lab/trash/merged
echo gone > ../lower/secret
rm -r secret cache
mkdir cache
touch cache/c
