#!/bin/sh
# fails: cgset-is-told cgroups.no-answers
cat > /tmp/traced <<'END'
cgset open /sys/fs/cgroup/traced/memory.max
cgset write /sys/fs/cgroup/traced/memory.max
END
