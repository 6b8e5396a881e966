#!/bin/sh
# fails: is-pid-1 namespaces.not-a-sleep
export nap="${nap:-1d}"
unshare --pid --fork --mount-proc sh -c 'sleep $nap; echo "sh is 1, and sleep is not"' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
