#!/bin/sh
# fails: only-uts namespaces.not-entered
hostname web
sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
