#!/bin/sh
# fails: rights-cannot-grow container.may-gain
# Who has CAP_SYS_ADMIN may load a filter without no_new_privs.
cat > /tmp/filter.py <<'END'
import os, sys
import pyseccomp

calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for name in "reboot", "swapon", "keyctl", "bpf":
    calls.add_rule(pyseccomp.ERRNO(1), name)
calls.set_attr(pyseccomp.Attr.CTL_NNP, 0)
calls.load()
os.execvp(sys.argv[1], sys.argv[1:])
END
python3 /tmp/filter.py setpriv --bounding-set=-all,+chown,+kill,+setuid,+setgid sleep 1d &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
