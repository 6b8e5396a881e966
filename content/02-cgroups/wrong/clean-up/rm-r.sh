#!/bin/sh
# fails: test-is-gone cgroups.has-children
cd /sys/fs/cgroup
for pid in $(cat test/child/cgroup.procs); do kill "$pid"; done
while grep -q 'populated 1' test/cgroup.events; do sleep 0.1; done
rm -r test
