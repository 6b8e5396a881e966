#!/bin/sh
# fails: child-has-only-memory cgroups.not-offered
cd /sys/fs/cgroup
mkdir test/child
cat test/cgroup.procs > cgroup.procs
echo -memory > cgroup.subtree_control
