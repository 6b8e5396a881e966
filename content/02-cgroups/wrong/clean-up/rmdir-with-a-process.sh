#!/bin/sh
# fails: test-is-gone cgroups.still-populated
rmdir /sys/fs/cgroup/test/child /sys/fs/cgroup/test
