#!/bin/sh
# fails: pid-and-mnt namespaces.not-in-all
nsenter --target "$(pgrep -x httpd)" --pid sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
