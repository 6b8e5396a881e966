#!/bin/sh
# fails: sleep-survives cgroups.sleep-died
cd /sys/fs/cgroup/test
kill $(cat cgroup.procs)
while [ -n "$(cat cgroup.procs)" ]; do sleep 0.1; done
mkdir child
echo +memory > cgroup.subtree_control
sleep 1d &
echo $! > child/cgroup.procs
