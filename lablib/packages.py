"""The Debian packages of the labs: which of them this machine has, and how the others are installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

PACKAGES = Path(__file__).parent / "packages.txt"
BASE = "base"
"""The group of packages that every lab needs."""


def installing(packages: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Commands that install `packages`, where there is apt."""
    if not shutil.which("apt-get"):
        return ()
    return (("apt-get", "update"), ("apt-get", "-y", "install", "--no-install-recommends", *packages))


def missing_build_packages() -> list[str]:
    """Of the packages that building a kernel needs, those whose program is not there, whatever brought it. What has
    none is asked of dpkg."""
    rows = [(package, program) for group, package, program in _table() if group == "build"]
    libraries = missing_packages([package for package, program in rows if program == "-"])
    return [p for p, program in rows if p in libraries or (program != "-" and shutil.which(program) is None)]


def missing_packages(packages: Sequence[str]) -> list[str]:
    """Of `packages`, those not installed. Where there is no dpkg, those whose program is not there."""
    if not packages:
        return []
    dpkg = shutil.which("dpkg-query")
    if dpkg is None:
        programs = {package: program for _, package, program in _table()}
        return [p for p in packages if programs.get(p, p) != "-" and not shutil.which(programs.get(p, p))]
    asked = [dpkg, "-W", "-f", "${db:Status-Abbrev}${Package}\n", *packages]
    answer = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    installed = {line[3:].strip() for line in answer.stdout.splitlines() if line[1:2] == "i"}
    return [package for package in packages if package not in installed]


def base_packages(machine: str) -> list[str]:
    """What every lab needs, on a processor that uname(2) calls `machine`."""
    x86 = machine == "x86_64" or (machine.startswith("i") and machine.endswith("86"))
    return [package for group, package, _ in _table() if group == BASE and (x86 or package != "user-mode-linux")]


def _table() -> Iterator[tuple[str, str, str]]:
    for line in PACKAGES.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            group, package, program = line.split()
            yield group, package, program
