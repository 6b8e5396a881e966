#!/bin/sh
# needs: feature:root_cgroup
# The root is exempt from the rule and may hold processes.
set -e
cd /sys/fs/cgroup
cat test/cgroup.procs > cgroup.procs
mkdir test/m
echo +memory > test/cgroup.subtree_control
