#!/bin/sh
# fails: merged-is-an-overlay overlayfs.no-upper
cd /lab && mkdir first && cd first
mkdir -p lower/dir upper/dir work merged
for n in 1 2 3; do echo lower > lower/dir/file$n; done
for n in 3 4; do echo upper > upper/dir/file$n; done
mount -t overlay overlay -o lowerdir=upper:lower merged
