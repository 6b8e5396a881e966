#!/bin/sh
# fails: bomb-has-room-for-twenty cgroups.limit-unset
export bomb="${bomb:-bomb}" room="${room:-20}"
cd /sys/fs/cgroup
mkdir -p $bomb/inner
echo +pids > $bomb/cgroup.subtree_control
echo $room > $bomb/inner/pids.max
sh -c 'echo $$ > $bomb/inner/cgroup.procs; for i in $(seq 30); do sleep 1d & done' > /dev/null 2>&1
echo 1 > $bomb/cgroup.kill
