#!/bin/sh
# fails: pid-and-mnt namespaces.not-entered
chroot "/proc/$(pgrep -x httpd)/root" sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
