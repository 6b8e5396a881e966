"""System calls by number and by name, from libseccomp: it knows them for each architecture. The kernel tells no names,
its headers are seldom installed, and a table of our own would age. Asked through ctypes, as pyseccomp does, which
would have to be installed besides; where the library is missing, a call is told by its number."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from functools import cache

from lablib.kernel.seccomp import AUDIT_ARCH


def names(numbers: Iterable[int]) -> list[str]:
    """The names in alphabetical order, then those without one as numbers."""
    return sorted(map(name, numbers), key=lambda text: (text.isdigit(), int(text) if text.isdigit() else 0, text))


@cache
def name(number: int) -> str:
    library = _library()
    if library is None:
        return str(number)
    found = library.seccomp_syscall_resolve_num_arch(AUDIT_ARCH[os.uname().machine], number)
    if not found:
        return str(number)
    try:
        return ctypes.string_at(found).decode()
    finally:
        ctypes.CDLL(None).free(ctypes.c_void_p(found))


@cache
def number(text: str) -> int | None:
    """The number of the call that is named so; None where this machine has none."""
    library = _library()
    if library is None or not text.isascii():
        return None
    found: int = library.seccomp_syscall_resolve_name_arch(AUDIT_ARCH[os.uname().machine], text.encode())
    return found if found >= 0 else None


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_syscall_resolve_num_arch.restype = ctypes.c_void_p  # seccomp_syscall_resolve_name(3): to be freed
    library.seccomp_syscall_resolve_num_arch.argtypes = [ctypes.c_uint32, ctypes.c_int]
    return library
