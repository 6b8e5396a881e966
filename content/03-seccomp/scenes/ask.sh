#!/bin/sh
# /tmp/ask is there, as the step `ask` writes it. One that is there already is kept.
if [ ! -x /tmp/ask ]; then
cat > /tmp/ask <<'END'
#!/usr/bin/env python3
"""ask FILE CALL [ARGUMENT]: what the filter in FILE answers; CALL may be mkdir, i386:mkdir or x32:mkdir"""
import errno, struct, sys
from pyseccomp import Arch, resolve_syscall

table, _, name = sys.argv[2].rpartition(":")
arch = Arch.X86 if table == "i386" else Arch.X86_64
number = resolve_syscall(Arch.X32 if table == "x32" else arch, name)
argument = int(sys.argv[3], 0) if len(sys.argv) > 3 else 0
data = struct.pack("<II7Q", number, arch, 0, argument, 0, 0, 0, 0, 0)

program = list(struct.iter_unpack("<HBBI", open(sys.argv[1], "rb").read()))
at = a = 0
while True:
    code, yes, no, k = program[at]
    at += 1
    if code == 0x20:    # load a word of the data
        a = int.from_bytes(data[k : k + 4], "little")
    elif code == 0x54:  # and
        a &= k
    elif code == 0x05:  # jump
        at += k
    elif code == 0x06:  # return
        break
    else:               # equal, greater, at least, any bit
        at += yes if {0x15: a == k, 0x25: a > k, 0x35: a >= k, 0x45: a & k != 0}[code] else no

action = {0x80000000: "KILL_PROCESS", 0: "KILL_THREAD", 0x50000: "ERRNO", 0x7FFF0000: "ALLOW"}[k & 0xFFFF0000]
print(f"{sys.argv[2]} ({number:#x}):", action, errno.errorcode.get(k & 0xFFFF, ""))
END
chmod +x /tmp/ask
fi
