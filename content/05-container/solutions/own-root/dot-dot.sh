#!/bin/sh
# The layers by their names in /lab; the old root is stacked on the new one, and taken off again.
mkdir -p /lab/box/upper /lab/box/work /lab/box/merged
unshare --mount sh -c '
cd /lab
mount -t overlay -o lowerdir=image,upperdir=box/upper,workdir=box/work overlay box/merged
cd box/merged
pivot_root . .
umount -l .
exec /bin/sleep 1d
' &
until pgrep -xf "/bin/sleep 1d" >/dev/null; do :; done
