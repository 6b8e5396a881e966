#!/bin/sh
# fails: proc-agrees namespaces.old-proc
export nap="${nap:-1d}"
unshare --pid --mount --fork sh -c '
mkdir -p /tmp/proc/1/ns
ln -s "$(readlink /proc/self/ns/pid)" /tmp/proc/1/ns/pid
mount --bind /tmp/proc /proc
exec sleep $nap' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
