#!/bin/sh
# End what runs there, then remove children before their parent.
cd /sys/fs/cgroup
for pid in $(cat test/child/cgroup.procs); do kill "$pid"; done
while grep -q 'populated 1' test/cgroup.events; do sleep 0.1; done
rmdir test/child test
