#!/bin/bash
# Without asking podman: through /proc/PID/root, and where the kernel says that the container's / is written to.
set -e
for pid in $(pgrep -x sleep); do
    root=$(awk '$5 == "/" && / - overlay /' /proc/$pid/mountinfo)
    [[ $root =~ upperdir=([^,]*/containers/storage/[^,]*) ]] || continue
    echo "I was here" > /proc/$pid/root/note
    ln -s "${BASH_REMATCH[1]}" /lab/web-upper
done
