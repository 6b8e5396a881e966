#!/bin/sh
# fails: root-inside namespaces.not-root-inside
su student -c 'unshare --user --map-current-user sleep 1d' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
