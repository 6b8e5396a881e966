#!/bin/sh
# fails: is-pid-1 namespaces.another-nap
unshare --pid --fork --mount-proc sleep 2d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
