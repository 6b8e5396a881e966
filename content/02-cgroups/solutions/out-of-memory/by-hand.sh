#!/bin/sh
# The same without a tool: the kernel reads 16M as 16777216. Only a child goes in, so the shell itself is not killed.
small=${small:-small}
mkdir /sys/fs/cgroup/$small
cd /sys/fs/cgroup/$small
echo 16M > memory.max
sh -c 'echo $$ > cgroup.procs; exec python3 -c "[0]*4000000"'
