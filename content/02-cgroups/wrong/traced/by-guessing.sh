#!/bin/sh
# fails: cgcreate-is-told cgroups.answer-wrong
cat > ~/lab/traced <<'END'
cgcreate mkdir /sys/fs/cgroup/memory/traced
cgset open /sys/fs/cgroup/traced/memory.max
cgset write /sys/fs/cgroup/traced/memory.max
cgexec open /sys/fs/cgroup/traced/tasks
cgexec write /sys/fs/cgroup/traced/tasks
cgdelete rmdir /sys/fs/cgroup/traced
END
