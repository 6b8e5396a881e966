#!/bin/sh
# fails: it-can-be-written-to overlayfs.upper-is-a-layer
cd /lab/image
mkdir work merged
mount -t overlay overlay -o lowerdir=runtime:base,upperdir=app,workdir=work merged
