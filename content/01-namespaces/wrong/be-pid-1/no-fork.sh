#!/bin/sh
# fails: is-pid-1 namespaces.no-fork
unshare --pid sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
