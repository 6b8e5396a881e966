#!/bin/sh
# fails: root-inside namespaces.not-its-owner
setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user --map-root-user tail -f /dev/null &
until pgrep -x tail >/dev/null; do sleep 0.1; done
nsenter --target $! --user --preserve-credentials sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
pkill -x tail
until [ -z "$(pgrep -x tail)" ]; do sleep 0.1; done
