#!/bin/sh
# fails: the-container-runs namespaces.no-container
web=$(pgrep -f 'httpd -f -p 8080')
nsenter --target $web --pid --mount sleep 1d &
kill -9 $web
while [ -d "/proc/$web" ]; do sleep 0.1; done
