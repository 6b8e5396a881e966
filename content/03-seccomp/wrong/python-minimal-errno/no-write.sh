#!/bin/sh
# fails: python-works-under-it seccomp.python-broken
printf '%s\n' execve arch_prctl mmap mprotect openat read pread64 newfstatat close futex fcntl getdents64 exit_group \
    > ~/lab/minimal-errno.txt
