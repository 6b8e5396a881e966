#!/bin/sh
# Without libseccomp: the program is assembled here, loaded through prctl(2), and finds its numbers in C's own header.
cat > ~/lab/minimal-errno.c <<'END'
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ALLOW(execve), ALLOW(arch_prctl), ALLOW(mmap), ALLOW(mprotect), ALLOW(openat), ALLOW(read), ALLOW(pread64),
    ALLOW(newfstatat), ALLOW(close), ALLOW(futex), ALLOW(fcntl), ALLOW(getdents64), ALLOW(write), ALLOW(exit_group),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
};

int main(void)
{
    char *argv[] = { "/usr/bin/python3", "-ISEB", "-c", "print('hello')", NULL };
    char *envp[] = { NULL };
    struct sock_fprog program = { sizeof code / sizeof *code, code };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        return 1;
    execve(argv[0], argv, envp);
    return 1;
}
END
gcc -o ~/lab/minimal-errno ~/lab/minimal-errno.c
