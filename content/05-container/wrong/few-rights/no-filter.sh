#!/bin/sh
# fails: calls-are-filtered container.no-filter
setpriv --no-new-privs --bounding-set=-all,+chown,+kill,+setuid,+setgid sleep 1d &
until pgrep -xf "sleep 1d" >/dev/null; do :; done
