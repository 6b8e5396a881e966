#!/bin/sh
# fails: sleep-is-in-test cgroups.no-sleep
mkdir /sys/fs/cgroup/test
pkill -x sleep
sleep 0.2
