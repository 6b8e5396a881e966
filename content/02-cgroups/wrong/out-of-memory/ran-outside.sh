#!/bin/sh
# fails: small-was-killed-in cgroups.limit-not-met
small=${small:-small}
cgcreate -g memory:$small
cgset -r memory.max=16777216 $small
python3 -c '[0]*4000000'
