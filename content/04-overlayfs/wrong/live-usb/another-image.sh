#!/bin/sh
# fails: the-host-name-is-yours overlayfs.other-image
mine=${mine:-mine}
cd /lab/usb
mkdir -p other/etc below upper work root
echo $mine > other/etc/hostname
mksquashfs other other.squashfs -quiet -no-progress
mount -o loop,ro other.squashfs below
mount -t overlay overlay -o lowerdir=below,upperdir=upper,workdir=work root
