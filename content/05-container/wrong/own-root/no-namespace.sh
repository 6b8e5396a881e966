#!/bin/sh
# fails: mounts-are-its-own container.shared-namespaces
mkdir -p /lab/box/upper /lab/box/work /lab/box/merged
mount -t overlay -o lowerdir=/lab/image,upperdir=/lab/box/upper,workdir=/lab/box/work overlay /lab/box/merged
chroot /lab/box/merged sleep 1d &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
