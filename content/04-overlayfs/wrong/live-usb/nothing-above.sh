#!/bin/sh
# fails: tmpfs-is-above overlayfs.no-upper
mine=${mine:-mine}
cd /lab/usb
mkdir below empty root
mount -o loop,ro system.squashfs below
mount -t overlay overlay -o lowerdir=empty:below root
echo $mine > root/etc/hostname
