#!/bin/sh
# fails: secret-is-a-whiteout overlayfs.not-removed
umount /lab/trash/merged
cd /lab/trash/merged
rm -rf secret cache
mkdir cache
touch cache/c
