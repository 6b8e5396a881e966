#!/bin/sh
# fails: proc-shows-the-container namespaces.old-proc
nsenter --target "$(pgrep -x app)" --pid --net --uts --ipc sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
