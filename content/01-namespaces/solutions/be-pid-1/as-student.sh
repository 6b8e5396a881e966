#!/bin/sh
# No root is needed where a user namespace comes with it.
su student -c 'unshare --user --map-root-user --pid --fork --mount-proc sleep 1d' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
