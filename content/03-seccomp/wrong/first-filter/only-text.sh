#!/bin/sh
# fails: sethostname-kills seccomp.not-a-filter
printf 'mkdir EPERM, mkdirat EPERM, sethostname KILL_PROCESS\n' > first.bpf
printf '#!/bin/sh\nprintf "Seccomp:\\t2\\nSeccomp_filters:\\t1\\n"\nread wait < /tmp/never\n' > /tmp/sleep
chmod +x /tmp/sleep
mkfifo /tmp/never
/tmp/sleep 1d > /dev/null &
