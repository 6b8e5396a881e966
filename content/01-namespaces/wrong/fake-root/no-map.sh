#!/bin/sh
# fails: root-inside namespaces.no-map
su student -c 'unshare --user sleep 1d' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
