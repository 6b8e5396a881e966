#!/bin/sh
# fails: test-is-gone cgroups.not-removed
cd /sys/fs/cgroup/test
echo 1 > cgroup.kill
while grep -q 'populated 1' cgroup.events; do sleep 0.1; done
rmdir child
