#!/bin/sh
# fails: old-root-is-gone container.old-root-beneath
# As initramfs programs do (switch_root(8)), which have no old root to be kept from.
mkdir -p /lab/box/upper /lab/box/work /lab/box/merged
unshare --mount sh -c '
mount -t overlay -o lowerdir=/lab/image,upperdir=/lab/box/upper,workdir=/lab/box/work overlay /lab/box/merged
cd /lab/box/merged
mount --move . /
exec chroot . sleep 1d
' &
