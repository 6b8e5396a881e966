#!/bin/sh
# fails: squashfs-is-below overlayfs.another-type
mine=${mine:-mine}
cd /lab/usb
mkdir root
mount -o loop,ro system.squashfs root
echo $mine > root/etc/hostname
