#!/bin/sh
# fails: root-inside namespaces.not-its-owner
setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user --map-root-user sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
nsenter --target $! --user --preserve-credentials tail -f /dev/null &
until pgrep -x tail >/dev/null; do sleep 0.1; done
pkill -x sleep
until [ -z "$(pgrep -x sleep)" ]; do sleep 0.1; done
