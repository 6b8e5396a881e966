#!/bin/sh
# With the tools of libcgroup; it would be at it for minutes.
cgcreate -g memory:soft
cgset -r memory.high=16777216 soft
cgexec -g memory:soft timeout 4 python3 -c '[0]*4000000'
