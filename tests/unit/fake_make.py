"""A make that does what a kernel's would, in no time."""

from __future__ import annotations

import shlex
from pathlib import Path

MAKE = """\
#!/bin/sh
# Compiles a.c to e.c, each once, one of them again and again where `broken` or `slow` says so.
for word; do
    case $word in
        --dry-run) dry=1 ;;
        allnoconfig) sed -n 's/^CONFIG_/&/p' FRAGMENT >.config; exit ;;
        prepare) exit ;;
    esac
done
for file in a b c d e; do
    if [ -e $file.o ]; then continue; fi
    if [ "$dry" ]; then echo "set -e; echo '  CC      $file.o'; gcc"; continue; fi
    echo "  CC      $file.o"
    if [ -e broken ] && [ $file = c ]; then echo "c.c:1:1: error: that is no C"; exit 2; fi
    if [ -e slow ] && [ $file = c ]; then sleep 600; fi
    touch $file.o
done
if [ "$dry" ]; then echo "no rule to make built-in.a"; exit 2; fi
echo kernel >linux
"""


def fake_make(folder: Path, configuration: Path) -> Path:
    """Puts it into `folder`, for the front of PATH, with a strip that does nothing. It finds that a source has every
    option of `configuration`."""
    folder.mkdir(exist_ok=True)
    make = MAKE.replace("FRAGMENT", shlex.quote(str(configuration)))
    for name, text in (("make", make), ("strip", "#!/bin/sh\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder
