#!/bin/sh
# fails: the-link-leads-there overlayfs.no-link
podman exec lab-web touch /note
cp -a "$(podman inspect lab-web --format '{{.GraphDriver.Data.UpperDir}}')" /lab/web-upper
