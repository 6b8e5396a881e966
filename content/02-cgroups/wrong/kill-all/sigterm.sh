#!/bin/sh
# fails: crew-has-ended cgroups.crew-lives
kill $(cat /sys/fs/cgroup/crew/cgroup.procs /sys/fs/cgroup/crew/deck/cgroup.procs)
sleep 0.2
