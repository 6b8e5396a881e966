#!/bin/sh
# fails: both-have-a-file3 overlayfs.no-file
cd /lab && mkdir first && cd first
mkdir -p lower/dir upper/dir work merged
for n in 1 2; do echo lower > lower/dir/file$n; done
for n in 3 4; do echo upper > upper/dir/file$n; done
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
