#!/bin/sh
# sed -i writes a new file and renames it over the old one: both happen in upper.
news=${news:-news}
sed -i s/8080/9090/ /lab/site/merged/config/port
touch /lab/site/merged/$news
