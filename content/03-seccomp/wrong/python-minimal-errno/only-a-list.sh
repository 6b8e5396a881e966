#!/bin/sh
# fails: a-program-loads-it seccomp.only-a-list
cat > ~/lab/minimal-errno.txt <<'END'
execve          # the filter is there before Python is
arch_prctl
mmap
mprotect
openat
read
pread64
newfstatat
close
futex
fcntl
getdents64
write
exit_group
END
