#!/bin/sh
# fails: soft-went-over-and-lived cgroups.soft-killed
cgcreate -g memory:soft
cgset -r memory.max=16777216 soft
cgset -r memory.high=16777216 soft
cgexec -g memory:soft timeout 4 python3 -c '[0]*4000000'
cgset -r memory.high=max soft
cgexec -g memory:soft timeout 4 python3 -c '[0]*4000000'
cgset -r memory.high=16777216 soft
