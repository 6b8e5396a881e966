#!/bin/sh
# fails: cgdelete-is-told cgroups.answer-missing
cat > ~/lab/traced <<'END'
cgcreate mkdir /sys/fs/cgroup/traced
cgset open /sys/fs/cgroup/traced/memory.max
cgset write /sys/fs/cgroup/traced/memory.max
cgexec open /sys/fs/cgroup/traced/cgroup.procs
cgexec write /sys/fs/cgroup/traced/cgroup.procs
cgdelete rmdir /sys/fs/cgroup/traced
END
