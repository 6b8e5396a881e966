#!/bin/sh
# fails: proc-agrees namespaces.old-proc
unshare --pid --fork sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
