#!/bin/sh
# fails: tools-are-inside namespaces.no-tools
cd "/proc/$(pgrep -x app)/root/srv"
sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
