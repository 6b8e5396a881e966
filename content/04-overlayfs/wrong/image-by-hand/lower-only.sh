#!/bin/sh
# fails: merged-has-the-layers-of-the-image overlayfs.too-few-layers
mkdir -p /lab/three/upper /lab/three/work /lab/three/merged
below=$(podman image inspect lab-three --format '{{.GraphDriver.Data.LowerDir}}')
cd /lab/three
mount -t overlay overlay -o "lowerdir=$below,upperdir=upper,workdir=work" merged
