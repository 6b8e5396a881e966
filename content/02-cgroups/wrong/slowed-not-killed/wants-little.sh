#!/bin/sh
# fails: soft-went-over-and-lived cgroups.soft-not-over
cgcreate -g memory:soft
cgset -r memory.high=16777216 soft
cgexec -g memory:soft python3 -c '[0]*400000'
