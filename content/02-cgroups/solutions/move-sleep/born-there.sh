#!/bin/sh
# The shell moves first; what it starts is born in its cgroup.
mkdir /sys/fs/cgroup/test
echo $$ > /sys/fs/cgroup/test/cgroup.procs
sleep 1d &
echo $$ > /sys/fs/cgroup/cgroup.procs
