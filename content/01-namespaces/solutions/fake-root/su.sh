#!/bin/sh
# The usual way.
su student -c 'unshare --user --map-root-user sleep 1d' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
