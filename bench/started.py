"""A machine up to its prompt; also run inside one."""

from __future__ import annotations

from measure import seconds

from lablib.machine.base import Machine, Size


def prompt(machine: Machine) -> float:
    """From the making of a machine to the first prompt of a shell."""

    def start() -> None:
        machine.open()
        machine.shell(Size(80, 24)).read()

    try:
        return seconds(start)
    finally:
        machine.close()
