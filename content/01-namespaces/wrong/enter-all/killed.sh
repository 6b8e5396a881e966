#!/bin/sh
# fails: container-still-runs namespaces.no-container
pkill -KILL -x httpd
sleep 0.2
