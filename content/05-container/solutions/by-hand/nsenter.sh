#!/bin/sh
# The namespaces are kept by one process, and another one goes in.
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
mkdir -p /sys/fs/cgroup/boxes/one
echo "+memory +pids" > /sys/fs/cgroup/boxes/cgroup.subtree_control
echo 32M > /sys/fs/cgroup/boxes/memory.max
echo 16 > /sys/fs/cgroup/boxes/one/pids.max
cat > /tmp/keep.sh <<'END'
mount -t overlay -o lowerdir=/lab/image,upperdir=/lab/box/upper,workdir=/lab/box/work overlay /lab/box/merged
cd /lab/box/merged
mount -t proc proc proc
pivot_root . .
umount -l .
exec /bin/sh -c "read never < /tmp/pipe"
END
mkdir -p /lab/box/upper/tmp
mkfifo /lab/box/upper/tmp/pipe
unshare --mount --pid --fork --uts --ipc --net --cgroup sh /tmp/keep.sh &
until keeper=$(pgrep -f "^/bin/sh -c read"); do :; done
echo $$ > /sys/fs/cgroup/boxes/one/cgroup.procs
python3 /tmp/filter.py nsenter --all --target "$keeper" \
    setpriv --no-new-privs --bounding-set=-all,+chown,+kill sleep 1d &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
echo $$ > /sys/fs/cgroup/cgroup.procs
