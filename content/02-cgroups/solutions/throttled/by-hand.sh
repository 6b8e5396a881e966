#!/bin/sh
# A shell that counts wants the whole CPU.
mkdir /sys/fs/cgroup/slow
cd /sys/fs/cgroup/slow
echo "20000 100000" > cpu.max
timeout 2 sh -c 'echo $$ > cgroup.procs; while :; do :; done'
