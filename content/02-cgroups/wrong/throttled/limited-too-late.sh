#!/bin/sh
# fails: slow-was-throttled cgroups.not-throttled
mkdir /sys/fs/cgroup/slow
cd /sys/fs/cgroup/slow
timeout 1 sh -c 'echo $$ > cgroup.procs; while :; do :; done'
echo "20000 100000" > cpu.max
