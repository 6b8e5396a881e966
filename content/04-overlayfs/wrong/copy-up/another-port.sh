#!/bin/sh
# fails: the-change-is-in-upper overlayfs.other-port
news=${news:-news}
touch /lab/site/merged/config/port /lab/site/merged/$news
