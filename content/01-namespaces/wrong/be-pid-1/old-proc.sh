#!/bin/sh
# fails: proc-agrees namespaces.old-proc
nap=${nap:-1d}
unshare --pid --fork sleep $nap &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
