#!/bin/sh
# The one that runs already, by name.
mkdir /sys/fs/cgroup/test
pgrep -x sleep > /sys/fs/cgroup/test/cgroup.procs
