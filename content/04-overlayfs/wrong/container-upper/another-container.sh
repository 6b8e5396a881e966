#!/bin/sh
# fails: the-container-runs overlayfs.container-ended
podman rm --force --time 0 lab-web
podman run --detach --name lab-web lab-three
podman exec lab-web touch /note
ln -s "$(podman inspect lab-web --format '{{.GraphDriver.Data.UpperDir}}')" /lab/web-upper
