#!/bin/sh
# With the tools of libcgroup; cgroup.kill ends what grows back when it is killed one by one.
bomb=${bomb:-bomb} room=${room:-20}
cgcreate -g pids:$bomb
cgset -r pids.max=$room $bomb
cgexec -g pids:$bomb sh -c 'bomb() { bomb | bomb & }; bomb' > /dev/null 2>&1
sleep 1
cgset -r cgroup.kill=1 $bomb
while grep -q 'populated 1' /sys/fs/cgroup/$bomb/cgroup.events; do sleep 0.1; done
