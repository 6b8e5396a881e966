#!/bin/sh
# fails: child-has-only-memory cgroups.internal-processes
cd /sys/fs/cgroup/test
mkdir child
echo +memory > cgroup.subtree_control
