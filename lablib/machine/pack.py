"""Makes the bundle that `agent/start.py` reads: a program for the Python that will read it, since compiled code fits
only the version that compiled it. Run as `python3 -IS pack.py PROJECT MODULE…`; writes the bundle to standard output.

What is packed is found by importing: all that comes from files, of ours and of the standard library.
"""

from __future__ import annotations

import importlib
import marshal
import os
import sys
from importlib.machinery import SourceFileLoader

PLAIN = 2
"""The format that marshal has in every Python, for the index: another one looks at the stamps."""


def main() -> None:
    """Writes the bundle of what the modules named on the command line import."""
    project, *names = sys.argv[1:]
    sys.path.insert(0, project)
    before = set(sys.modules)
    for name in names:
        importlib.import_module(name)
    files = {file: stamp(file) for file in (sys.executable, __file__)}
    modules, codes, offset = {}, [], 0
    for name, module in list(sys.modules.items()):
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if name in before or not isinstance(loader, SourceFileLoader):
            continue
        file = loader.get_filename(name)
        code = marshal.dumps(loader.get_code(name))
        files[file] = stamp(file)
        modules[name] = (file.removeprefix(f"{project}/"), loader.is_package(name), offset, len(code))
        codes.append(code)
        offset += len(code)
    index = marshal.dumps((files, modules), PLAIN)
    sys.stdout.buffer.write(b"".join((len(index).to_bytes(4, "big"), index, *codes)))


def stamp(file: str) -> tuple[int, int]:
    """What changes when the file does. Raises OSError."""
    status = os.stat(file)
    return status.st_mtime_ns, status.st_size


if __name__ == "__main__":
    main()
