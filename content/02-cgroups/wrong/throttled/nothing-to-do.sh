#!/bin/sh
# fails: slow-was-throttled cgroups.not-throttled
# It sleeps already when it comes in: its start alone may take more than 20 ms of CPU.
mkdir /sys/fs/cgroup/slow
cd /sys/fs/cgroup/slow
echo "20000 100000" > cpu.max
sleep 1d &
sleep 1
echo $! > cgroup.procs
sleep 1
