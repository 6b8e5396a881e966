#!/bin/sh
# fails: merged-is-an-overlay overlayfs.not-mounted
cd /lab && mkdir first && cd first
mkdir -p lower/dir upper/dir merged /tmp/work
for n in 1 2 3; do echo lower > lower/dir/file$n; done
for n in 3 4; do echo upper > upper/dir/file$n; done
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=/tmp/work merged
