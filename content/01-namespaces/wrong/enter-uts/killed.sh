#!/bin/sh
# fails: container-runs namespaces.no-container
pkill -KILL -x httpd
sleep 0.2
