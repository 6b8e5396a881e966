#!/bin/sh
# A maximum above it is a last resort that is not met. What runs there is left running.
soft=${soft:-soft} brake=${brake:-16}
mkdir /sys/fs/cgroup/$soft
cd /sys/fs/cgroup/$soft
echo ${brake}M > memory.high
echo 1G > memory.max
sh -c 'echo $$ > cgroup.procs; exec python3 -c "[0]*4000000"' > /dev/null 2>&1 &
sleep 4
