#!/bin/sh
# fails: soft-went-over-and-lived cgroups.soft-killed
soft=${soft:-soft} brake=${brake:-16}
cgcreate -g memory:$soft
cgset -r memory.max=${brake}M $soft
cgset -r memory.high=${brake}M $soft
cgexec -g memory:$soft timeout 4 python3 -c '[0]*4000000'
cgset -r memory.high=max $soft
cgexec -g memory:$soft timeout 4 python3 -c '[0]*4000000'
cgset -r memory.high=${brake}M $soft
