#!/bin/sh
# fails: root-is-an-overlay container.root-is-a-folder
mkdir -p /lab/box/upper /lab/box/work /lab/box/merged
unshare --mount sh -c '
mount -t overlay -o lowerdir=/lab/image,upperdir=/lab/box/upper,workdir=/lab/box/work overlay /lab/box/merged
mkdir -p /lab/box/merged/tmp/root
cp -a /lab/image/. /lab/box/merged/tmp/root
exec chroot /lab/box/merged/tmp/root sleep 1d
' &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
