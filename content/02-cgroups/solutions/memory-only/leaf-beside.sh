#!/bin/sh
# The usual way: a leaf for the process beside the child that gets the controller.
set -e
cd /sys/fs/cgroup/test
mkdir leaf child
cat cgroup.procs > leaf/cgroup.procs
echo +memory > cgroup.subtree_control
