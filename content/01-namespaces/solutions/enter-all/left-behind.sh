#!/bin/sh
# A shell inside leaves a process there: its parent is then the container's process 1.
nsenter --target "$(pgrep -x httpd)" --all sh -c 'sleep 1d & sleep 0.2'
until pgrep -x sleep >/dev/null; do sleep 0.1; done
