#!/bin/sh
# fails: soft-went-over-and-lived cgroups.soft-limited-later
soft=${soft:-soft} brake=${brake:-16}
cgcreate -g memory:$soft
cgexec -g memory:$soft python3 -c '[0]*4000000'
cgset -r memory.high=${brake}M $soft
