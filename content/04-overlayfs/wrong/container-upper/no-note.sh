#!/bin/sh
# fails: the-note-is-in-its-upper overlayfs.no-note
ln -s "$(podman inspect lab-web --format '{{.GraphDriver.Data.UpperDir}}')" /lab/web-upper
