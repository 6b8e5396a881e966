#!/bin/sh
# fails: box-calls-are-filtered container.no-filter
# The filter comes after fork(2): the parent has it, the child that was there before does not.
mkdir -p /lab/box/upper /lab/box/work /lab/box/merged
cat > /tmp/parent.py <<'END'
import subprocess, sys, time
import pyseccomp

subprocess.Popen(sys.argv[1:])
calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
calls.add_rule(pyseccomp.ERRNO(1), "reboot")
calls.load()
time.sleep(86400)
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
mount -t proc proc /proc
umount -l /old
exec setpriv --no-new-privs --bounding-set=-all,+chown,+kill,+setuid,+setgid sleep 1d
END
sh -c 'echo $$ > /sys/fs/cgroup/box/cgroup.procs
exec python3 /tmp/parent.py unshare --mount --pid --fork --uts --ipc --net sh /tmp/inside.sh' &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
