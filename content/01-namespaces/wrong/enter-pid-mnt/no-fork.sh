#!/bin/sh
# fails: pid-and-mnt namespaces.children-only
nsenter --target "$(pgrep -x httpd)" --pid --mount --no-fork sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
