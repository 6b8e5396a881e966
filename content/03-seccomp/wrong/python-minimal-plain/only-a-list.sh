#!/bin/sh
# fails: a-program-loads-it seccomp.only-a-list
env -i strace -o /tmp/trace /usr/bin/python3 -c "print('hello')" > /dev/null
grep -o '^[a-z0-9_]*' /tmp/trace | sort -u > ~/lab/minimal-plain.txt
