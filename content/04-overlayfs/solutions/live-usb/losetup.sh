#!/bin/sh
# The loop device by hand, and /lab itself, which is a tmpfs already, for what is written.
mine=${mine:-mine}
set -e
device=$(losetup --find --show --read-only /lab/usb/system.squashfs)
mkdir -p /mnt/stick /lab/usb/root /lab/usb/upper /lab/usb/work
mount -t squashfs "$device" /mnt/stick
mount -t overlay overlay -o lowerdir=/mnt/stick,upperdir=/lab/usb/upper,workdir=/lab/usb/work /lab/usb/root
echo $mine > /lab/usb/root/etc/hostname
