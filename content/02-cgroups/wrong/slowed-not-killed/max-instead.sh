#!/bin/sh
# fails: soft-is-limited cgroups.limit-unset
soft=${soft:-soft} brake=${brake:-16}
cgcreate -g memory:$soft
cgset -r memory.max=${brake}M $soft
cgexec -g memory:$soft timeout 4 python3 -c '[0]*4000000'
