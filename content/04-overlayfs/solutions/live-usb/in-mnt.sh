#!/bin/sh
# "In any place": the layers are named as one sees them from /mnt.
mine=${mine:-mine}
cd /mnt
mkdir system memory /lab/usb/root
mount -o loop,ro /lab/usb/system.squashfs system
mount -t tmpfs memory memory
mkdir memory/upper memory/work
mount -t overlay overlay -o lowerdir=system,upperdir=memory/upper,workdir=memory/work /lab/usb/root
echo $mine > /lab/usb/root/etc/hostname
