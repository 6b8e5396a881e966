#!/bin/sh
# fails: test-exists cgroups.no-test
mkdir /sys/fs/cgroup/tests
pgrep -x sleep > /sys/fs/cgroup/tests/cgroup.procs
