#!/bin/sh
# By uid alone, with the map that names both sides.
setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user --map-user=0 sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
