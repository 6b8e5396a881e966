#!/bin/sh
# fails: it-can-be-written-to overlayfs.read-only
cd /lab/image
mkdir upper work merged
mount -t overlay overlay -o ro,lowerdir=app:runtime:base,upperdir=upper,workdir=work merged
