#!/bin/sh
# fails: small-was-killed-in cgroups.limit-met-not-killed
small=${small:-small}
cgcreate -g memory:$small
cgset -r memory.max=16777216 $small
cgset -r memory.oom.group=0 $small
# What was only read from a file can be read again, so that goes, and nobody has to die.
cgexec -g memory:$small sh -c 'cat /usr/bin/* > /dev/null'
