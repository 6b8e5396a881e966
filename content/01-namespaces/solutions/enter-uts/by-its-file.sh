#!/bin/sh
# A namespace by the file that stands for it, which may be any that leads there.
nsenter --uts="/proc/$(pgrep -x httpd)/ns/uts" -- sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
