#!/bin/sh
# fails: ticker-lives-in-ice cgroups.ticker-moved
cd /sys/fs/cgroup
for pid in $(cat ice/cgroup.procs); do echo $pid > cgroup.procs; done
echo 1 > ice/cgroup.freeze
