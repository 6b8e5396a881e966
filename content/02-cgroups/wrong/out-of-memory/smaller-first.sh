#!/bin/sh
# fails: small-was-killed-in cgroups.killed-below-the-limit
small=${small:-small}
cgcreate -g memory:$small
cgset -r memory.max=1M $small
cgexec -g memory:$small python3 -c '[0]*4000000'
cgset -r memory.max=16777216 $small
