#!/bin/sh
# fails: cgcreate-is-told cgroups.answer-form
strace -o ~/lab/traced cgcreate -g memory:traced
