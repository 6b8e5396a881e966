#!/bin/sh
# From within the storage and by the short links, as podman itself mounts them.
layer=$(podman image inspect lab-three --format '{{.GraphDriver.Data.UpperDir}}')
mkdir -p /lab/three/upper /lab/three/work /lab/three/merged
cd "$layer/../.."
lower=l/$(cat "$layer/../link"):$(cat "$layer/../lower")
mount -t overlay overlay -o "lowerdir=$lower,upperdir=/lab/three/upper,workdir=/lab/three/work" /lab/three/merged
