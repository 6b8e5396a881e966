#!/bin/sh
# Through merged, as a container would.
news=${news:-news}
cd /lab/site/merged
echo 9090 > config/port
echo "We have moved" > $news
