#!/bin/sh
# fails: tmpfs-is-above overlayfs.not-tmpfs
mine=${mine:-mine}
cd /lab/usb
mkdir below disk root
mount -o loop,ro system.squashfs below
truncate -s 8M disk.img
/sbin/mke2fs -q -t ext4 disk.img
mount -o loop disk.img disk
mkdir disk/upper disk/work
mount -t overlay overlay -o lowerdir=below,upperdir=disk/upper,workdir=disk/work root
echo $mine > root/etc/hostname
