#!/bin/sh
# fails: ice-is-frozen cgroups.not-frozen
echo 1 > /sys/fs/cgroup/ice/cgroup.freeze
sleep 0.2
echo 0 > /sys/fs/cgroup/ice/cgroup.freeze
