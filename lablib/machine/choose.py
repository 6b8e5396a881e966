"""Which machine a lab runs on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lablib.errors import UsageError
from lablib.machine.base import Machine
from lablib.machine.guest import GuestMachine
from lablib.machine.host import HostMachine

CHOICES = ("auto", "guest", "host")


def machine_factory(on: str, work: Path | None = None) -> Callable[[], Machine]:
    """How to make a machine of the kind `on` names; `auto` is the guest. Its `~/lab` is kept as `work`: with `.tar`
    added to the name for a guest, as a folder for this host. Nothing is started yet. Raises UsageError."""

    def guest() -> Machine:
        return GuestMachine(work=work and work.with_name(f"{work.name}.tar"))

    def host() -> Machine:
        return HostMachine(work=work)

    try:
        return {"auto": guest, "guest": guest, "host": host}[on]
    except KeyError:
        raise UsageError("unknown-machine", name=on, known=", ".join(CHOICES)) from None
