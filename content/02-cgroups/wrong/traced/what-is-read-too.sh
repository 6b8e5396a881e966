#!/bin/sh
# fails: cgset-is-told cgroups.answer-wrong
cd ~/lab
cgcreate -g memory:traced
strace -o trace cgset -r memory.max=16777216 traced
sed -n 's/^openat(AT_FDCWD, "\([^"]*\)".*/cgset open \1/p' trace > traced
