#!/bin/sh
# fails: four-files-are-seen overlayfs.not-mounted
cd /lab && mkdir first && cd first
mkdir -p lower/dir upper/dir work merged
for n in 1 2 3; do echo lower > lower/dir/file$n; done
for n in 3 4; do echo upper > upper/dir/file$n; done
cp -r lower/dir merged
cp -r upper/dir merged
