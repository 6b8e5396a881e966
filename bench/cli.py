"""How long the command takes to start, against the interpreter it runs on: `.venv/bin/python bench/cli.py`."""

from __future__ import annotations

import sys
from pathlib import Path

from measure import medians, report, timed

PROJECT = Path(__file__).resolve().parents[1]
LABS = [sys.executable, str(PROJECT / "labs/__main__.py")]
ROUNDS = 60


def main() -> None:
    commands = {
        "python3 -c pass": [sys.executable, "-c", "pass"],
        "python3 -c 'import json'": [sys.executable, "-c", "import json"],
        "labs list": [*LABS, "list"],
        "labs list --json": [*LABS, "list", "--json"],
        "labs --version": [*LABS, "--version"],
        "./lab --version": [str(PROJECT / "lab"), "--version"],
        "./lab list": [str(PROJECT / "lab"), "list"],
    }
    actions = {name: timed(argv) for name, argv in commands.items()}
    report(medians(actions, ROUNDS), "python3 -c pass")


if __name__ == "__main__":
    main()
