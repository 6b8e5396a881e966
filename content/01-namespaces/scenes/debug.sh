#!/bin/sh
# A container without any tool runs: its host name is `slim`, its one program is /app, a web server on port 9090. Its
# files are in a tmpfs that only its own mount namespace has. One that runs already is kept.
is_up() {
    pgrep -f "^httpd -f -p 9090 " >/dev/null
}
! is_up || exit 0

# /app is a busybox. Called so it knows none of its applets, but for the one it is told to be when it is started.
unshare --uts --pid --mount --net --ipc -- setsid bash -euc '
(
hostname slim
ip link set lo up
mount -t tmpfs -o mode=755,size=8m slim /mnt
cd /mnt
mkdir dev proc srv
cp -L "$(command -v busybox)" app
echo "Hello from slim." > srv/index.htm
mount -t proc proc proc
: > dev/null
mount --bind /dev/null dev/null
pivot_root . .
(exec -a umount /app -l .)
cd /
exec -c -a httpd /app -f -p 9090 -h /srv
) < /dev/null > /dev/null 2>&1 &'
for _ in $(seq 100); do
    ! is_up || exit 0
    sleep 0.05
done
echo "the container did not come up"
exit 1
