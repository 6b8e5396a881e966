#!/bin/sh
# The new child takes the process in.
set -e
cd /sys/fs/cgroup
mkdir test/only
for pid in $(cat test/cgroup.procs); do echo "$pid" > test/only/cgroup.procs; done
echo +memory > test/cgroup.subtree_control
