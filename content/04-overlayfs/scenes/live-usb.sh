#!/bin/sh
# /lab/usb/system.squashfs is a small system, packed. One that is there is kept.
[ -s /lab/usb/system.squashfs ] && exit 0
folder=$(mktemp -d)
mkdir -p "$folder/etc" "$folder/bin" "$folder/root" /lab/usb
echo live > "$folder/etc/hostname"
echo "A system on a stick" > "$folder/etc/issue"
chmod 755 "$folder"
mksquashfs "$folder" /lab/usb/system.squashfs -quiet -no-progress -all-root
rm -r "$folder"
