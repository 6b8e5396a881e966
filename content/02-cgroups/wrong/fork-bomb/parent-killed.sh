#!/bin/sh
# fails: bomb-is-out cgroups.bomb-burns
bomb=${bomb:-bomb} room=${room:-20}
cgcreate -g pids:$bomb
cgset -r pids.max=$room $bomb
cgexec -g pids:$bomb sh -c 'for i in $(seq 30); do sleep 1d & done' > /dev/null 2>&1 &
sleep 1
kill -9 $!
