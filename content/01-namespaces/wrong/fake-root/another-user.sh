#!/bin/sh
# fails: root-inside namespaces.another-user
setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --map-root-user sleep 1d &
