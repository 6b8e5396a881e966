#!/bin/sh
# fails: pid-and-mnt namespaces.not-entered
unshare --pid --fork --mount-proc sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
