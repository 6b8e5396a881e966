#!/bin/sh
# fails: sleep-is-in-test cgroups.sleep-elsewhere
mkdir /sys/fs/cgroup/test
echo $$ > /sys/fs/cgroup/test/cgroup.procs
