#!/bin/sh
# fails: child-has-only-memory cgroups.no-child
cat /sys/fs/cgroup/test/cgroup.procs > /sys/fs/cgroup/cgroup.procs
echo +memory > /sys/fs/cgroup/test/cgroup.subtree_control
