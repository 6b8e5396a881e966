#!/bin/sh
# fails: child-has-only-memory cgroups.no-child
mkdir -p /tmp/fake/test/child
echo memory | tee /tmp/fake/test/child/cgroup.controllers > /tmp/fake/test/cgroup.subtree_control
mount --bind /tmp/fake /sys/fs/cgroup
