#!/bin/sh
# fails: the-note-is-in-its-upper overlayfs.note-outside
podman exec lab-web echo I was here > /note
ln -s "$(podman inspect lab-web --format '{{.GraphDriver.Data.UpperDir}}')" /lab/web-upper
