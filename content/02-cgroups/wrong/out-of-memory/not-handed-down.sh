#!/bin/sh
# fails: small-is-limited cgroups.not-handed-down
small=${small:-small}
echo -memory > /sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/$small
