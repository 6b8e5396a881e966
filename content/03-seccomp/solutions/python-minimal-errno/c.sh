#!/bin/sh
# libseccomp from C, and the other shortest list: `exit` ends a process of one thread as well as `exit_group`.
cat > ~/lab/minimal-errno.c <<'END'
#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <unistd.h>

static const char *calls[] = {
    "execve", "arch_prctl", "mmap", "mprotect", "openat", "read", "pread64", "newfstatat", "close",
    "futex", "fcntl", "getdents64", "write", "exit",
};

int main(void)
{
    char *argv[] = { "/usr/bin/python3", "-ISEB", "-c", "print('hello')", NULL };
    char *envp[] = { NULL };
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        seccomp_rule_add(f, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(calls[i]), 0);
    if (seccomp_load(f) < 0)
        return 1;
    execve(argv[0], argv, envp);
    return 1;
}
END
gcc -o ~/lab/minimal-errno ~/lab/minimal-errno.c -lseccomp
