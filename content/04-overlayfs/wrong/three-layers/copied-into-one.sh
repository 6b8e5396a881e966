#!/bin/sh
# fails: the-layers-are-in-order overlayfs.unknown-layer
cd /lab/image
mkdir all upper work merged
cp -a base/. all
cp -a runtime/lib runtime/etc all
cp -a app/. all
rm all/opt/old
mount -t overlay overlay -o lowerdir=all,upperdir=upper,workdir=work merged
