#!/bin/sh
# fails: small-is-limited cgroups.limit-unset
cgcreate -g memory:small
cgexec -g memory:small python3 -c '[0]*4000000'
