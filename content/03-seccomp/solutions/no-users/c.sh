#!/bin/sh
# libseccomp from C.
cat > ~/lab/no-users.c <<'EOF'
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <seccomp.h>

int main(void)
{
    const struct scmp_arg_cmp users = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1, users);
    seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, users);
    seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return seccomp_export_bpf(f, 1) < 0;
}
EOF
gcc -o /tmp/no-users ~/lab/no-users.c -lseccomp || exit 1
/tmp/no-users > no-users.bpf
