#!/bin/sh
# fails: slim-runs namespaces.no-container
slim=$(pgrep -f 'httpd -f -p 9090')
kill -9 $slim
while [ -d "/proc/$slim" ]; do sleep 0.1; done
sleep 1d &
