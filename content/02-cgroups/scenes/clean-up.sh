#!/bin/sh
# `test` has a child with the memory controller, and a `sleep 1d` runs in it. What a student has is kept.
cd /sys/fs/cgroup
mkdir -p test
for procs in $(find test -name cgroup.procs); do
    for pid in $(cat "$procs"); do
        [ "$(cat "/proc/$pid/comm")" = sleep ] && exit 0
    done
done
mkdir -p test/child
sleep 1d &
# Until it has called execve(2) it is still a copy of this shell.
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
echo $! > test/child/cgroup.procs
echo +memory > test/cgroup.subtree_control || echo "test holds a process of its own"
