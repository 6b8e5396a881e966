#!/bin/sh
# What one reads in the four traces of libcgroup 2.0, written down.
cat > ~/lab/traced <<'END'
cgcreate open /sys/fs/cgroup/cgroup.subtree_control
cgcreate write /sys/fs/cgroup/cgroup.subtree_control
cgcreate mkdir /sys/fs/cgroup/traced

cgset open /sys/fs/cgroup/traced/memory.max
cgset write /sys/fs/cgroup/traced/memory.max

cgexec open /sys/fs/cgroup/traced/cgroup.procs
cgexec write /sys/fs/cgroup/traced/cgroup.procs

# for processes that it would find
cgdelete open /sys/fs/cgroup/cgroup.procs
cgdelete rmdir /sys/fs/cgroup/traced/
END
