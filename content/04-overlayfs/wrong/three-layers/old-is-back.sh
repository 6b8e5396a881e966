#!/bin/sh
# fails: the-topmost-wins overlayfs.old-is-back
cd /lab/image
mkdir upper work merged
mount -t overlay overlay -o lowerdir=app:base:runtime,upperdir=upper,workdir=work merged
