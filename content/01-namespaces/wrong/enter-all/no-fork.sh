#!/bin/sh
# fails: every-namespace namespaces.children-only
nsenter --target "$(pgrep -x httpd)" --all --no-fork sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
