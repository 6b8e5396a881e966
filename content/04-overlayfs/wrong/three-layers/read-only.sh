#!/bin/sh
# fails: it-can-be-written-to overlayfs.no-upper
cd /lab/image
mkdir merged
mount -t overlay overlay -o lowerdir=app:runtime:base merged
