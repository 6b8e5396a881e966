#!/bin/sh
# fails: child-has-only-memory cgroups.not-enabled
cd /sys/fs/cgroup/test
mkdir child
cat cgroup.procs > child/cgroup.procs
