#!/bin/sh
# fails: ticker-lives-in-ice cgroups.ticker-moved
cd /sys/fs/cgroup
mkdir thawed
for pid in $(cat ice/cgroup.procs); do echo $pid > thawed/cgroup.procs; done
echo 1 > ice/cgroup.freeze
