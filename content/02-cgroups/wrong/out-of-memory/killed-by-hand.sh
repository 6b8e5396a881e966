#!/bin/sh
# fails: small-was-killed-in cgroups.limit-not-met
small=${small:-small}
cgcreate -g memory:$small
cgset -r memory.max=16777216 $small
cgexec -g memory:$small sleep 1d &
sleep 1
kill -9 $!
