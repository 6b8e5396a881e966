#!/bin/sh
# fails: child-has-only-memory cgroups.others-too
cd /sys/fs/cgroup/test
mkdir child
cat cgroup.procs > child/cgroup.procs
echo "+memory +pids" > cgroup.subtree_control
