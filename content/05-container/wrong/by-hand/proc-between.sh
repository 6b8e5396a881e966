#!/bin/sh
# needs: feature:initial_user_namespace
# fails: proc-is-its-own container.other-proc
# A pid namespace in a pid namespace, and the proc of the outer of the two.
mkdir -p /lab/box/upper /lab/box/work /lab/box/merged
cat > /tmp/filter.py <<'END'
import os, sys
import pyseccomp
calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for name in "reboot", "swapon", "keyctl", "bpf":
    calls.add_rule(pyseccomp.ERRNO(1), name)
calls.load()
os.execvp(sys.argv[1], sys.argv[1:])
END
mkdir -p /sys/fs/cgroup/box
echo 64M > /sys/fs/cgroup/box/memory.max
echo 32 > /sys/fs/cgroup/box/pids.max
cat > /tmp/inside.sh <<'END'
set -e
hostname box
mount -t overlay -o lowerdir=/lab/image,upperdir=/lab/box/upper,workdir=/lab/box/work overlay /lab/box/merged
cd /lab/box/merged
mkdir -p old
pivot_root . old
umount -l /old
mount -t proc proc /proc
exec unshare --pid -f /bin/setpriv --no-new-privs --bounding-set=-all,+chown,+kill,+setuid,+setgid sleep 1d
END
sh -c 'echo $$ > /sys/fs/cgroup/box/cgroup.procs
exec unshare --mount --pid --fork --uts --ipc --net python3 /tmp/filter.py sh /tmp/inside.sh' &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
