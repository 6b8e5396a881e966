#!/bin/sh
# fails: slow-has-a-fifth cgroups.cpu-share
mkdir /sys/fs/cgroup/slow
cd /sys/fs/cgroup/slow
echo 50000 > cpu.max
timeout 1 sh -c 'echo $$ > cgroup.procs; while :; do :; done'
