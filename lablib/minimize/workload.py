"""The program of the seccomp challenge: one interpreter, and how it is started."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lablib.kernel import seccomp
from lablib.minimize.oracle import DENY

INTERPRETER = "/usr/bin/python3"
ENVIRONMENT: Mapping[str, str] = {}
HELLO = "print('hello')"
_PRIME = (1 << 61) - 1


class Workload(NamedTuple):
    """The interpreter with `flags`, under filters whose default action is `action`."""

    flags: Sequence[str]
    action: int

    def argv(self, code: str = HELLO) -> list[str]:
        return [INTERPRETER, *self.flags, "-c", code]

    def made_up(self) -> tuple[list[str], bytes]:
        """A start that nobody can foresee, and what it prints."""
        base, exponent, word = secrets.randbelow(_PRIME), secrets.randbelow(1 << 20), secrets.token_hex(8)
        code = f"print(pow({base}, {exponent}, {_PRIME}), '{word}'[::-1])"
        return self.argv(code), f"{pow(base, exponent, _PRIME)} {word[::-1]}\n".encode()


WORKLOADS: Mapping[str, Workload] = {
    "kill": Workload(("-ISEB",), seccomp.RET_KILL_PROCESS),
    "errno": Workload(("-ISEB",), DENY),
    "plain": Workload((), seccomp.RET_KILL_PROCESS),
}
"""By name, as checks ask for them."""
