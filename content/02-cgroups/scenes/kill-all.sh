#!/bin/sh
# Four processes in `crew` and below it, which ignore SIGTERM, and two like them in `others`. Where all are there, they
# are kept.
cd /sys/fs/cgroup
mkdir -p crew/deck/galley others
[ "$(cat crew/cgroup.procs crew/deck/cgroup.procs crew/deck/galley/cgroup.procs | wc -l)" = 4 ] &&
    [ "$(wc -l < others/cgroup.procs)" = 2 ] && exit 0
for cgroup in crew others; do
    echo 1 > "$cgroup/cgroup.kill"
    while grep -q 'populated 1' "$cgroup/cgroup.events"; do sleep 0.1; done
done
trap '' TERM # what is ignored stays so across execve(2)
in_cgroup() (
    sh -c 'echo 0 > "$0/cgroup.procs"; exec "$@"' "$@" < /dev/null > /dev/null 2>&1 &
    # Until it has called execve(2) twice it is a copy of this shell, then another shell.
    until [ "$(cat "/proc/$!/comm")" = "$2" ]; do :; done
)
in_cgroup crew sleep 1h
in_cgroup crew/deck tail -f /dev/null
in_cgroup crew/deck/galley sleep 2h
in_cgroup crew/deck/galley tail -f /etc/hostname
in_cgroup others sleep 1h
in_cgroup others tail -f /dev/null
