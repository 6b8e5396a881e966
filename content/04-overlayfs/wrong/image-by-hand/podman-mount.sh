#!/bin/sh
# fails: merged-has-the-layers-of-the-image overlayfs.not-mounted
mkdir -p /lab/three/merged
podman image mount lab-three
