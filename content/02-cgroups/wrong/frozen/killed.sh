#!/bin/sh
# fails: ticker-lives-in-ice cgroups.ticker-died
echo 1 > /sys/fs/cgroup/ice/cgroup.kill
echo 1 > /sys/fs/cgroup/ice/cgroup.freeze
sleep 0.2
