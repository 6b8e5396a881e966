#!/bin/sh
# fails: child-has-only-memory cgroups.no-child
cd /sys/fs/cgroup
mkdir other other/child
echo +memory > other/cgroup.subtree_control
