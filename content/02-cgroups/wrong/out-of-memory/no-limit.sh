#!/bin/sh
# fails: small-is-limited cgroups.limit-unset
small=${small:-small}
cgcreate -g memory:$small
cgexec -g memory:$small python3 -c '[0]*4000000'
