#!/bin/sh
# Everything is enabled first and taken away again, in a cgroup that is nowhere near.
set -e
cd /sys/fs/cgroup
mkdir elsewhere test/child
cat test/cgroup.procs > elsewhere/cgroup.procs
for controller in $(cat test/cgroup.controllers); do echo "+$controller" > test/cgroup.subtree_control; done
for controller in $(cat test/cgroup.subtree_control); do
    [ "$controller" = memory ] || echo "-$controller" > test/cgroup.subtree_control
done
