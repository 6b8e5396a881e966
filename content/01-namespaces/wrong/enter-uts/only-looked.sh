#!/bin/sh
# fails: only-uts namespaces.not-entered
nsenter --target "$(pgrep -x httpd)" --uts hostname
