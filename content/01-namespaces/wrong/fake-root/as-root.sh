#!/bin/sh
# fails: root-inside namespaces.real-root
unshare --user --map-root-user sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
