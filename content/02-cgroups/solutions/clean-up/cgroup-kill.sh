#!/bin/sh
# cgroup.kill ends a whole subtree at once; find visits children first.
echo 1 > /sys/fs/cgroup/test/cgroup.kill
until find /sys/fs/cgroup/test -depth -type d -exec rmdir {} \; 2>/dev/null && [ ! -e /sys/fs/cgroup/test ]; do
    sleep 0.1
done
