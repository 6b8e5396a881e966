#!/bin/sh
# fails: the-layers-are-in-order overlayfs.too-few-layers
cd /lab/image
mkdir upper work merged
mount -t overlay overlay -o lowerdir=app:base,upperdir=upper,workdir=work merged
