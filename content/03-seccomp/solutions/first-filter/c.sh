#!/bin/sh
# libseccomp from C.
cat > ~/lab/first.c <<'EOF'
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <unistd.h>

int main(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mkdir), 0);
    seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mkdirat), 0);
    seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(sethostname), 0);
    int file = open("first.bpf", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (seccomp_export_bpf(f, file) < 0 || seccomp_load(f) < 0)
        return 1;
    execlp("sleep", "sleep", "1d", (char *)0);
    return 1;
}
EOF
gcc -o /tmp/first ~/lab/first.c -lseccomp || exit 1
/tmp/first &
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
