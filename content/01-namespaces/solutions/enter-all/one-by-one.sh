#!/bin/sh
# The same, each by its name.
nsenter --target "$(pgrep -x httpd)" --mount --uts --ipc --net --pid sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
