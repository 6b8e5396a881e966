#!/bin/sh
# fails: root-inside namespaces.map-too-wide
setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
echo '0 2000 60000' > "/proc/$(pgrep -x sleep)/uid_map"
