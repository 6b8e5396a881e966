#!/bin/sh
# A shell inside writes; podman says where that is.
set -e
podman exec lab-web sh -c 'echo I was here > /note'
ln -s "$(podman inspect lab-web --format '{{.GraphDriver.Data.UpperDir}}')" /lab/web-upper
