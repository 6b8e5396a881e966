#!/bin/sh
# fails: answers-are-two seccomp.third-answer
cat > ~/lab/minimal-errno <<'END'
#!/usr/bin/python3
import errno, os
from pyseccomp import ALLOW, ERRNO, LOG, SyscallFilter

CALLS = """
    execve arch_prctl mmap mprotect openat read pread64 newfstatat close
    futex fcntl getdents64 write exit_group
"""
f = SyscallFilter(LOG)
for call in CALLS.split():
    f.add_rule(ALLOW, call)
f.load()
os.execve("/usr/bin/python3", ["/usr/bin/python3", "-ISEB", "-c", "print('hello')"], {})
END
chmod +x ~/lab/minimal-errno
