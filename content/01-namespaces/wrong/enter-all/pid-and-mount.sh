#!/bin/sh
# fails: every-namespace namespaces.not-in-all
nsenter --target "$(pgrep -x httpd)" --pid --mount sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
