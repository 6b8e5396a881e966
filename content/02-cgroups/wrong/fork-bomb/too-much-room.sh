#!/bin/sh
# fails: bomb-has-room-for-twenty cgroups.room-otherwise
bomb=${bomb:-bomb} room=${room:-20}
cgcreate -g pids:$bomb
cgset -r pids.max=$((room + 10)) $bomb
cgexec -g pids:$bomb sh -c 'for i in $(seq 40); do sleep 1d & done' > /dev/null 2>&1
cgset -r cgroup.kill=1 $bomb
