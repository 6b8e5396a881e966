#!/bin/sh
# The topmost first.
set -e
cd /lab/image
mkdir upper work merged
mount -t overlay overlay -o lowerdir=app:runtime:base,upperdir=upper,workdir=work merged
