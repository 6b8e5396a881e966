#!/bin/sh
# fails: lower-is-as-it-was overlayfs.lower-changed
news=${news:-news}
cd /lab/site/merged
echo 9090 > config/port
touch $news
echo "Hello from me" > ../lower/page
