#!/bin/sh
# fails: squashfs-is-below overlayfs.not-squashfs
mine=${mine:-mine}
cd /lab/usb
mkdir upper work root
unsquashfs -quiet -no-progress -dest below system.squashfs
mount -t overlay overlay -o lowerdir=below,upperdir=upper,workdir=work root
echo $mine > root/etc/hostname
