#!/bin/sh
# fails: cache-is-opaque overlayfs.not-opaque
cd /lab/trash/merged
rm secret cache/a cache/b
touch cache/c
