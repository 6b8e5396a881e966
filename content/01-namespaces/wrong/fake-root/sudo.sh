#!/bin/sh
# fails: root-inside namespaces.no-user-namespace
su student -c 'sudo sleep 1d' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
