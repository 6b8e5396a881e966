#!/bin/sh
# With the tools of libcgroup.
small=${small:-small}
cgcreate -g memory:$small
cgset -r memory.max=16777216 $small
cgexec -g memory:$small python3 -c '[0]*4000000'
