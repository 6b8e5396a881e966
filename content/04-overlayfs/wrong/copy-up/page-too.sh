#!/bin/sh
# fails: lower-is-as-it-was overlayfs.lower-changed
cd /lab/site/merged
echo 9090 > config/port
touch news
echo "Hello from me" > ../lower/page
