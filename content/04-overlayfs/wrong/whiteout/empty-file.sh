#!/bin/sh
# fails: secret-is-a-whiteout overlayfs.not-a-whiteout
cd /lab/trash/merged
: > secret
rm -r cache
mkdir cache
touch cache/c
