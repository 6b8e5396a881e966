#!/bin/sh
# fails: secret-is-a-whiteout overlayfs.not-a-whiteout
cd /lab/trash/merged
rm -r secret cache
mkdir cache
touch cache/c
mkfifo secret
