"""The `labs` command. `./lab` starts this file by its path: `python -m` costs a few milliseconds more."""

import sys

if not __package__:
    sys.path[0] = __file__.removesuffix("/labs/__main__.py")

from labs.commands import main

if __name__ == "__main__":
    sys.exit(main())
