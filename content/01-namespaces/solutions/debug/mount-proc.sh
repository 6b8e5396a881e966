#!/bin/sh
# Everything but the mount namespace; instead of that a new one, with a new /proc.
nsenter --target "$(pgrep -x app)" --pid --net --uts --ipc unshare --mount-proc sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
