#!/bin/sh
# fails: ice-is-frozen cgroups.not-frozen
echo "1000 1000000" > /sys/fs/cgroup/ice/cpu.max
