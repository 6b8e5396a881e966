#!/bin/sh
# A small container runs: its host name is `web`, its root file system is /lab/web, its one process is httpd. One that
# runs already is kept.
is_up() {
    pgrep -f "^httpd -f -p 8080 " >/dev/null
}
! is_up || exit 0

# Its files: busybox has the tools; bash, with its libraries, is the shell that one enters it with.
web=/lab/web
rm -rf --one-file-system "$web"
mkdir -p "$web/bin" "$web/dev" "$web/etc" "$web/proc" "$web/root" "$web/tmp" "$web/www"
cp -L "$(command -v busybox)" "$web/bin/busybox"
chroot "$web" /bin/busybox --install -s /bin
cp -L --parents /bin/bash $(ldd /bin/bash | grep -o '/[^ ]*') "$web"
echo root:x:0:0:root:/root:/bin/bash > "$web/etc/passwd"
echo 127.0.0.1 localhost > "$web/etc/hosts"
echo "Hello from the container." > "$web/www/index.html"

# A pid in it shall be none that a process out here has, so that its /proc and ours can be told apart: 400 pids are used
# up out here, and its own counting goes on among these. (A machine that has counted far already is left alone.)
used=$$
[ "$used" -lt 20000 ] || used=0
export BURN='import sys, _thread
ended = _thread.allocate_lock()
for _ in range(int(sys.argv[1])):
    ended.acquire()
    _thread.start_new_thread(ended.release, ())
ended.acquire()'
[ "$used" = 0 ] || python3 -ISc "$BURN" 400

# Its namespaces. What is the first to be started after unshare(2) is process 1 of the new pid namespace.
unshare --uts --pid --mount --net --ipc -- setsid sh -euc '
(
python3 -ISc "$BURN" $(('"$used"' + 50))
hostname web
ip link set lo up
cd '"$web"'
mount --bind . .
cd '"$web"'
mount -t proc proc proc
mount -t tmpfs -o mode=755,size=64k dev dev
for node in null zero random urandom tty; do
    : > dev/$node
    mount --bind /dev/$node dev/$node
done
mkdir old
pivot_root . old
umount -l /old
rmdir /old
exec env -i PATH=/bin HOME=/root httpd -f -p 8080 -h /www
) < /dev/null > /dev/null 2>&1 &'
for _ in $(seq 100); do
    ! is_up || exit 0
    sleep 0.05
done
echo "the container did not come up"
exit 1
