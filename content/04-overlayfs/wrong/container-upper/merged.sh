#!/bin/sh
# fails: the-link-leads-there overlayfs.link-elsewhere
podman exec lab-web touch /note
ln -s "$(podman inspect lab-web --format '{{.GraphDriver.Data.MergedDir}}')" /lab/web-upper
