#!/bin/sh
# fails: old-root-is-gone container.only-chroot
mkdir -p /lab/box/upper /lab/box/work /lab/box/merged
unshare --mount sh -c '
mount -t overlay -o lowerdir=/lab/image,upperdir=/lab/box/upper,workdir=/lab/box/work overlay /lab/box/merged
exec chroot /lab/box/merged sleep 1d
' &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
