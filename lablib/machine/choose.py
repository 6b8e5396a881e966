"""Which machine a lab runs on."""

from __future__ import annotations

from collections.abc import Callable

from lablib.errors import UsageError
from lablib.machine.base import Machine
from lablib.machine.guest import GuestMachine
from lablib.machine.host import HostMachine

CHOICES = ("auto", "guest", "host")


def machine_factory(on: str) -> Callable[[], Machine]:
    """How to make a machine of the kind `on` names; `auto` is the guest. Nothing is started yet. Raises UsageError."""
    factories: dict[str, Callable[[], Machine]] = {"auto": GuestMachine, "guest": GuestMachine, "host": HostMachine}
    try:
        return factories[on]
    except KeyError:
        raise UsageError("unknown-machine", name=on, known=", ".join(CHOICES)) from None
