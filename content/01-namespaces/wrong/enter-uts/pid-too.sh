#!/bin/sh
# fails: only-uts namespaces.in-others-too
nsenter --target "$(pgrep -x httpd)" --uts --pid sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
