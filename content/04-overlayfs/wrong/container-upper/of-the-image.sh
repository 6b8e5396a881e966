#!/bin/sh
# fails: the-link-leads-there overlayfs.link-elsewhere
podman exec lab-web touch /note
ln -s "$(podman image inspect lab-three --format '{{.GraphDriver.Data.UpperDir}}')" /lab/web-upper
