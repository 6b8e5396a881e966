#!/bin/sh
# fails: is-pid-1 namespaces.no-pid-namespace
nap=${nap:-1d}
unshare --mount-proc sleep $nap &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
