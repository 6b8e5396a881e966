#!/bin/sh
# needs: feature:root_cgroup
# fails: child-has-only-memory cgroups.threaded
cd /sys/fs/cgroup
mkdir test/child
cat test/cgroup.procs > cgroup.procs
echo threaded > test/cgroup.type
