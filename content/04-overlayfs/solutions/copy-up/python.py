#!/usr/bin/python3
"""From Python: opened for writing, the file is copied up, whoever asks."""

import os
from pathlib import Path

merged = Path("/lab/site/merged")
with (merged / "config/port").open("r+") as port:
    port.write("9090")
(merged / os.environ.get("news", "news")).write_text("one\n")
