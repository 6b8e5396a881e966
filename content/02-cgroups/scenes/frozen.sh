#!/bin/sh
# In the cgroup `ice` runs /tmp/ticker, which counts seconds into /tmp/ticks. One that is in it is kept.
cd /sys/fs/cgroup
mkdir -p ice
for pid in $(cat ice/cgroup.procs); do
    [ "$(cat "/proc/$pid/comm")" = ticker ] && exit 0
done
echo 0 > ice/cgroup.freeze
cat > /tmp/ticker <<'END'
#!/bin/sh
n=0
while sleep 1; do
    n=$((n + 1))
    echo $n > /tmp/ticks
done
END
chmod +x /tmp/ticker
setsid /tmp/ticker < /dev/null > /dev/null 2>&1 &
# Until it has called execve(2) twice it is a copy of this shell, then setsid.
until [ "$(cat /proc/$!/comm)" = ticker ]; do :; done
echo $! > ice/cgroup.procs
