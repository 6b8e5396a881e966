#!/bin/sh
# For an image UpperDir is its topmost layer, and LowerDir what is below it.
set -e
mkdir -p /lab/three/upper /lab/three/work /lab/three/merged
top=$(podman image inspect lab-three --format '{{.GraphDriver.Data.UpperDir}}')
below=$(podman image inspect lab-three --format '{{.GraphDriver.Data.LowerDir}}')
cd /lab/three
mount -t overlay overlay -o "lowerdir=$top:$below,upperdir=upper,workdir=work" merged
