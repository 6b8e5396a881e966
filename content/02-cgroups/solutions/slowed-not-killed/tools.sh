#!/bin/sh
# With the tools of libcgroup; it would be at it for minutes.
soft=${soft:-soft} brake=${brake:-16}
cgcreate -g memory:$soft
cgset -r memory.high=${brake}M $soft
cgexec -g memory:$soft timeout 4 python3 -c '[0]*4000000'
