#!/bin/sh
# fails: tools-are-inside namespaces.no-tools
nsenter --target "$(pgrep -x app)" --all sleep 1d &
sleep 0.5
