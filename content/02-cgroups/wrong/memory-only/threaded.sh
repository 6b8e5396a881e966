#!/bin/sh
# fails: child-has-only-memory cgroups.threaded
cd /sys/fs/cgroup/test
mkdir child
echo threaded > child/cgroup.type
