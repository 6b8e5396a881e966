#!/bin/sh
# fails: crew-has-ended cgroups.crew-lives
echo 1 > /sys/fs/cgroup/crew/cgroup.freeze
