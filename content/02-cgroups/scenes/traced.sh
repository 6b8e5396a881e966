#!/bin/sh
# What the cg* tools of this machine do, traced anew each time; the checks compare the answers with it.
mkdir -p /run/labs-traced
cd /run/labs-traced
trace() {
    strace -f -y -e trace=file,write -o "$1" "$@"
}
[ ! -d /sys/fs/cgroup/traced-by-scene ] || rmdir /sys/fs/cgroup/traced-by-scene
trace cgcreate -g memory:traced-by-scene
trace cgset -r memory.max=16777216 traced-by-scene
trace cgexec -g memory:traced-by-scene true
trace cgdelete memory:traced-by-scene
