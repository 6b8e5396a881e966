#!/bin/sh
# needs: feature:initial_user_namespace
# fails: becomes-the-interpreter seccomp.another-interpreter
# The interpreter is swapped under its path for a program that needs five calls.
cat > /tmp/hello.c <<'END'
void _start(void)
{
    asm("syscall" : : "a"(1), "D"(1), "S"("hello\n"), "d"(6) : "rcx", "r11", "memory");
    asm("syscall" : : "a"(231), "D"(0));
}
END
gcc -nostdlib -static -o /tmp/hello /tmp/hello.c || exit 1
cp /tmp/hello "$(realpath /usr/bin/python3)" || exit 1
cat > ~/lab/minimal-kill.c <<'END'
#include <seccomp.h>
#include <unistd.h>

int main(void)
{
    char *argv[] = { "/usr/bin/python3", "-ISEB", "-c", "print('hello')", 0 };
    char *envp[] = { 0 };
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(execve), 0);
    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 0);
    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0);
    seccomp_load(f);
    execve(argv[0], argv, envp);
    return 1;
}
END
gcc -o ~/lab/minimal-kill ~/lab/minimal-kill.c -lseccomp
