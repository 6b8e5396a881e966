#!/bin/sh
# fails: soft-is-limited cgroups.limit-unset
cgcreate -g memory:soft
cgset -r memory.low=16777216 soft
cgexec -g memory:soft python3 -c '[0]*4000000'
