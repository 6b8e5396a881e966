#!/bin/sh
# `test` holds a `sleep 1d`. One that is in it, or below it, is kept: setting the scene again undoes no work.
# `read` in place of cat(1): it makes no process, which is dear in a guest.
cd /sys/fs/cgroup
if [ -d test ]; then
    for procs in $(find test -name cgroup.procs); do
        while read -r pid; do
            read -r comm < "/proc/$pid/comm" && [ "$comm" = sleep ] && exit 0
        done < "$procs"
    done
    # A cgroup that gives controllers to its children takes no process.
    read -r handed < test/cgroup.subtree_control || handed=
    for controller in $handed; do
        echo "-$controller" > test/cgroup.subtree_control
    done
else
    mkdir test
fi
sleep 1d &
# Until it has called execve(2) it is still a copy of this shell.
until read -r comm < "/proc/$!/comm" && [ "$comm" = sleep ]; do :; done
echo $! > test/cgroup.procs
