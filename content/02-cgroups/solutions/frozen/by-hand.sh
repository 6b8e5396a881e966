#!/bin/sh
echo 1 > /sys/fs/cgroup/ice/cgroup.freeze
