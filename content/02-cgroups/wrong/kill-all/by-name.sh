#!/bin/sh
# fails: others-live cgroups.others-died
pkill -KILL sleep
pkill -KILL tail
sleep 0.2
