#!/bin/bash
# Relative paths, which the kernel keeps as they are; file4 is made through the overlay, and lands in upper.
set -e
mkdir /lab/first
cd /lab/first
mkdir -p {lower,upper}/dir work merged
echo lower | tee lower/dir/file{1,2,3} > /dev/null
echo upper > upper/dir/file3
mount -t overlay none -o lowerdir=lower,upperdir=upper,workdir=work merged
echo upper > merged/dir/file4
