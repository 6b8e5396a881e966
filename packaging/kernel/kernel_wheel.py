"""A build backend (PEP 517) that packs a kernel as a wheel. It needs nothing but Python: what is packed was built
before, by `labs guest build`.

A wheel is a zip file (PEP 427). That `linux` stays executable is up to its mode there: pip sets it again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "labs_kernel"
FILES = ("linux", "config", "COPYING", "about.json", "LICENCE-NOTE")
PLATFORMS = {62: "x86_64", 3: "i686"}
"""By e_machine of elf(5)."""
TAGS = "manylinux2014_{0}.musllinux_1_1_{0}"
"""The kernel is static: it needs no library of either kind."""
INIT = '"""A User-Mode Linux kernel for Container Labs: the file `linux` beside this one."""\n'
METADATA = """\
Metadata-Version: 2.1
Name: labs-kernel
Version: {version}
Summary: A User-Mode Linux kernel that Container Labs boots as a guest
License: GPL-2.0-only WITH Linux-syscall-note
Requires-Python: >=3.11
Description-Content-Type: text/plain

{note}"""
WHEEL = """\
Wheel-Version: 1.0
Generator: labs-kernel
Root-Is-Purelib: false
Tag: {tag}
"""


def build_wheel(
    wheel_directory: str, config_settings: Mapping[str, str] | None = None, metadata_directory: str | None = None
) -> str:
    """Packs the folder that the setting `kernel` names, such as `labs guest build` leaves. Returns the wheel's name."""
    folder = Path((config_settings or {}).get("kernel", ""))
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise SystemExit(f"no kernel that `labs guest build` made: {folder} has no {', '.join(missing)}")
    about: dict[str, Any] = json.loads((folder / "about.json").read_bytes())
    version, platform = _version(about["release"]), TAGS.format(_machine(folder / "linux"))
    info = f"{NAME}-{version}.dist-info"
    tag = "".join(f"py3-none-{one}\nTag: " for one in platform.split(".")).removesuffix("\nTag: ")
    contents = {f"{NAME}/{name}": (folder / name).read_bytes() for name in FILES} | {
        f"{NAME}/__init__.py": INIT.encode(),
        f"{info}/METADATA": METADATA.format(
            version=version, note=(folder / "LICENCE-NOTE").read_text("utf-8")
        ).encode(),
        f"{info}/WHEEL": WHEEL.format(tag=tag).encode(),
    }
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in contents.items()]
    contents[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,\n"]).encode()
    wheel = f"{NAME}-{version}-py3-none-{platform}.whl"
    with zipfile.ZipFile(Path(wheel_directory, wheel), "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name)  # of 1980: one kernel is always one wheel
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | (0o755 if name == f"{NAME}/linux" else 0o644)) << 16
            packed.writestr(entry, content)
    return wheel


def _version(release: str) -> str:
    """The numbers of the release that uname(2) gives, which is a version as PEP 440 wants it."""
    found = re.match(r"\d+(\.\d+)*", release)
    if found is None:
        raise SystemExit(f"{release} is no release of a kernel")
    return found[0]


def _machine(program: Path) -> str:
    with program.open("rb") as file:
        head = file.read(20)
    if head[:4] != b"\x7fELF" or (machine := struct.unpack_from("<H", head, 18)[0]) not in PLATFORMS:
        raise SystemExit(f"{program} is not a program for one of: {', '.join(PLATFORMS.values())}")
    return PLATFORMS[machine]


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
