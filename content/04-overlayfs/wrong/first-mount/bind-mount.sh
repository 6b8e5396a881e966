#!/bin/sh
# fails: merged-is-an-overlay overlayfs.another-type
cd /lab && mkdir first && cd first
mkdir -p lower/dir upper/dir work merged all/dir
for n in 1 2 3; do echo lower > lower/dir/file$n; done
for n in 3 4; do echo upper > upper/dir/file$n; done
cp lower/dir/* all/dir && cp upper/dir/* all/dir
mount --bind all merged
