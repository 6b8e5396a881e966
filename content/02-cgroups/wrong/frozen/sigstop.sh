#!/bin/sh
# fails: ice-is-frozen cgroups.not-frozen
kill -STOP $(cat /sys/fs/cgroup/ice/cgroup.procs)
