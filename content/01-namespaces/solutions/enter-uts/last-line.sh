#!/bin/bash
# The hint as it stands: the script ends before nsenter has even begun. The sleep goes by a name of its own.
nsenter --target "$(pgrep -x httpd)" --uts bash -c 'exec -a waiter sleep 1d' &
