#!/bin/sh
# With the tools of libcgroup, in a shorter period; what runs there runs on.
cgcreate -g cpu:slow
cgset -r cpu.max='10000 50000' slow
cgexec -g cpu:slow sh -c 'while :; do :; done' > /dev/null 2>&1 &
sleep 1
