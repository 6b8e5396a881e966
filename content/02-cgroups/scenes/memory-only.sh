#!/bin/sh
# `test` holds a `sleep 1d`. One that is in it, or below it, is kept: setting the scene again undoes no work.
cd /sys/fs/cgroup
mkdir -p test
for procs in $(find test -name cgroup.procs); do
    for pid in $(cat "$procs"); do
        [ "$(cat "/proc/$pid/comm")" = sleep ] && exit 0
    done
done
# A cgroup that gives controllers to its children takes no process.
for controller in $(cat test/cgroup.subtree_control); do
    echo "-$controller" > test/cgroup.subtree_control
done
sleep 1d &
# Until it has called execve(2) it is still a copy of this shell.
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
echo $! > test/cgroup.procs
