#!/bin/sh
# The overlay is mounted where everybody sees it; the new namespace gets a copy of the mount.
mkdir -p /lab/box/upper /lab/box/work /lab/box/merged
mount -t overlay -o lowerdir=/lab/image,upperdir=/lab/box/upper,workdir=/lab/box/work overlay /lab/box/merged
unshare --mount sh -c '
cd /lab/box/merged
mkdir -p tmp/before
pivot_root . tmp/before
cd /
umount -l /tmp/before
exec setpriv --no-new-privs sleep 1d' &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
