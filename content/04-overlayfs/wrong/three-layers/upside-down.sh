#!/bin/sh
# fails: the-layers-are-in-order overlayfs.wrong-order
cd /lab/image
mkdir upper work merged
mount -t overlay overlay -o lowerdir=base:runtime:app,upperdir=upper,workdir=work merged
