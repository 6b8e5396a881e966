#!/bin/sh
# fails: the-host-name-is-yours overlayfs.other-word
mine=${mine:-mine}
cd /lab/usb
mkdir below upper work root
mount -o loop,ro system.squashfs below
mount -t overlay overlay -o lowerdir=below,upperdir=upper,workdir=work root
echo $mine > below/etc/hostname
