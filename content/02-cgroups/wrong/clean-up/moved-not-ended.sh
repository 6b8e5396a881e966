#!/bin/sh
# fails: sleep-has-ended cgroups.sleep-lives
cd /sys/fs/cgroup
cat test/child/cgroup.procs > cgroup.procs
rmdir test/child test
