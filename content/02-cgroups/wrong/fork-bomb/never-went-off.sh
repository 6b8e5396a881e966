#!/bin/sh
# fails: bomb-met-its-limit cgroups.fork-not-refused
cgcreate -g pids:bomb
cgset -r pids.max=20 bomb
cgexec -g pids:bomb true
