#!/bin/sh
# The shell moves first; what it starts is born in its cgroup.
mkdir /sys/fs/cgroup/test
echo $$ > /sys/fs/cgroup/test/cgroup.procs
sleep 1d &
# Until it has called execve(2) it is still a copy of this shell.
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
echo $$ > /sys/fs/cgroup/cgroup.procs
