#!/bin/sh
# fails: only-what-it-asks-for seccomp.never-asked
cat > ~/lab/minimal-errno <<'END'
#!/usr/bin/python3
import errno, os
from pyseccomp import ALLOW, ERRNO, LOG, SyscallFilter

CALLS = """
    execve arch_prctl mmap mprotect openat read pread64 newfstatat close
    futex fcntl getdents64 write exit_group io_uring_setup io_uring_enter io_uring_register
"""
f = SyscallFilter(ERRNO(errno.ENOSYS))
for call in CALLS.split():
    f.add_rule(ALLOW, call)
f.load()
os.execve("/usr/bin/python3", ["/usr/bin/python3", "-ISEB", "-c", "print('hello')"], {})
END
chmod +x ~/lab/minimal-errno
