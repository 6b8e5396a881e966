#!/bin/sh
# fails: soft-went-over-and-lived cgroups.soft-limited-later
cgcreate -g memory:soft
cgexec -g memory:soft python3 -c '[0]*4000000'
cgset -r memory.high=16777216 soft
