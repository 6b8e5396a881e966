#!/bin/bash
# fails: only-uts namespaces.not-a-sleep
nsenter --target "$(pgrep -x httpd)" --uts bash -c 'printf sleep > /proc/$$/comm; mkfifo /tmp/pipe; read < /tmp/pipe' &
