#!/bin/sh
# fails: test-is-gone cgroups.has-children
echo 1 > /sys/fs/cgroup/test/cgroup.kill
while grep -q 'populated 1' /sys/fs/cgroup/test/cgroup.events; do sleep 0.1; done
