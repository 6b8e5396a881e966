#!/bin/sh
# fails: old-root-is-gone container.old-root-mounted
mkdir -p /lab/box/upper /lab/box/work /lab/box/merged
unshare --mount sh -c '
mount -t overlay -o lowerdir=/lab/image,upperdir=/lab/box/upper,workdir=/lab/box/work overlay /lab/box/merged
cd /lab/box/merged
pivot_root . .
exec /bin/sleep 1d
' &
until pgrep -xf "/bin/sleep 1d" >/dev/null; do :; done
