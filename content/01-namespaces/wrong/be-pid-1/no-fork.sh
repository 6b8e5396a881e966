#!/bin/sh
# fails: is-pid-1 namespaces.no-fork
nap=${nap:-1d}
unshare --pid sleep $nap &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
