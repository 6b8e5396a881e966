#!/bin/sh
# The usual way. nsenter(1) enters and becomes the program.
nsenter --target "$(pgrep -x httpd)" --uts sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
