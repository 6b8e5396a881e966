#!/bin/sh
# fails: test-exists cgroups.no-test
mkdir -p /tmp/fake/test
pgrep -x sleep > /tmp/fake/test/cgroup.procs
echo domain > /tmp/fake/test/cgroup.type
mount --bind /tmp/fake /sys/fs/cgroup
