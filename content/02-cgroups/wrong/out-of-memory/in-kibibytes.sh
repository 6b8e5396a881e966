#!/bin/sh
# fails: small-is-limited cgroups.limit-otherwise
small=${small:-small}
cgcreate -g memory:$small
cgset -r memory.max=16384 $small
cgexec -g memory:$small python3 -c '[0]*4000000'
