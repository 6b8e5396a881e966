#!/bin/sh
# fails: slow-has-a-fifth cgroups.cpu-unlimited
mkdir /sys/fs/cgroup/slow
cd /sys/fs/cgroup/slow
echo 20 > cpu.weight
timeout 1 sh -c 'echo $$ > cgroup.procs; while :; do :; done'
