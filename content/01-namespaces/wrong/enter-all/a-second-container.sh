#!/bin/sh
# fails: every-namespace namespaces.not-entered
unshare --uts --ipc --net --pid --mount --fork chroot /lab/web sh -c 'hostname web && exec sleep 1d' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
