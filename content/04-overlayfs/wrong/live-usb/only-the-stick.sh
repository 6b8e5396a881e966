#!/bin/sh
# fails: squashfs-is-below overlayfs.another-type
cd /lab/usb
mkdir root
mount -o loop,ro system.squashfs root
echo mine > root/etc/hostname
