#!/bin/sh
# fails: cache-is-opaque overlayfs.cache-without-c
cd /lab/trash/merged
rm -r secret cache
mkdir -p cache/c
