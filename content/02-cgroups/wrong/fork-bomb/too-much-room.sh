#!/bin/sh
# fails: bomb-has-room-for-twenty cgroups.room-otherwise
cgcreate -g pids:bomb
cgset -r pids.max=30 bomb
cgexec -g pids:bomb sh -c 'for i in $(seq 40); do sleep 1d & done' > /dev/null 2>&1
cgset -r cgroup.kill=1 bomb
