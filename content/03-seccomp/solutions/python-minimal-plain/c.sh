#!/bin/sh
# The same in C, with libseccomp.
env -i strace -o /tmp/trace /usr/bin/python3 -c "print('hello')" > /dev/null || exit 1
calls=$(grep -o '^[a-z0-9_]*' /tmp/trace | sort -u | sed 's/.*/SCMP_SYS(&),/')
cat > ~/lab/minimal-plain.c <<END
#include <seccomp.h>
#include <stddef.h>
#include <unistd.h>

static const int calls[] = { $calls };

int main(void)
{
    char *argv[] = { "/usr/bin/python3", "-c", "print('hello')", NULL };
    char *envp[] = { NULL };
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
    if (seccomp_load(f) < 0)
        return 1;
    execve(argv[0], argv, envp);
    return 1;
}
END
gcc -o ~/lab/minimal-plain ~/lab/minimal-plain.c -lseccomp
