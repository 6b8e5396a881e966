#!/bin/sh
# mount(8) finds a loop device; memory above it is a tmpfs made for the purpose.
mine=${mine:-mine}
set -e
cd /lab/usb
mkdir below memory root
mount -o loop,ro system.squashfs below
mount -t tmpfs memory memory
mkdir memory/upper memory/work
mount -t overlay overlay -o lowerdir=below,upperdir=memory/upper,workdir=memory/work root
echo $mine > root/etc/hostname
