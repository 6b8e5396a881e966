#!/bin/sh
# fails: bomb-met-its-limit cgroups.fork-not-refused
bomb=${bomb:-bomb} room=${room:-20}
cgcreate -g pids:$bomb
cgset -r pids.max=$room $bomb
cgexec -g pids:$bomb true
