#!/bin/sh
# fails: soft-went-over-and-lived cgroups.soft-not-over
soft=${soft:-soft} brake=${brake:-16}
cgcreate -g memory:$soft
cgset -r memory.high=${brake}M $soft
cgexec -g memory:$soft python3 -c '[0]*400000'
