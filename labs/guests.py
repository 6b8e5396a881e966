"""`labs guest`: the kernels that guests can boot, and which of them they do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lablib.errors import LabsError, MachineError, UsageError
from lablib.i18n import Catalogue, catalogue
from lablib.machine.kernels import Kernel, Origin, choose, chosen_name, kernels
from lablib.machine.probing import Probe, best, probe, probed
from lablib.machine.qemu.images import images
from lablib.uml import build, fetching
from labs.arguments import Arguments, nearest
from labs.exits import ExitCode

ACTIONS = {"build": 0, "fetch": 0, "list": 0, "use": 1, "remove": 1}
"""What can be done, and with how many names."""
AUTO = "auto"
UNFINISHED, FETCHED = "unfinished", "fetched"
"""What `remove` calls a build that was interrupted, and the kernel for guests in QEMU."""
_OPTIONS = {"build": ("--jobs", "--source", "--yes"), "list": ("--json",)}


def run_guest(arguments: Arguments, language: str) -> int:
    action, *names = arguments.operands
    _check(action, names, arguments)
    words = catalogue(language)
    match action:
        case "build":
            from labs.building import run_build

            return run_build(arguments, language)
        case "fetch":
            from labs.building import run_fetch

            return run_fetch(words)
        case "use":
            return _use(names[0], words)
        case "remove":
            return _remove(names[0], words)
        case _:
            return _list(words, as_json=arguments.has("--json"))


def _check(action: str, names: Sequence[str], arguments: Arguments) -> None:
    """Raises UsageError where that makes no sense together."""
    if action not in ACTIONS:
        raise UsageError("unknown-guest-action", name=action, hint=nearest(action, ACTIONS))
    command = f"labs guest {action}"
    if len(names) > ACTIONS[action]:
        raise UsageError("too-many-operands", operand=names[ACTIONS[action]], command=command)
    if len(names) < ACTIONS[action]:
        raise UsageError("missing-kernel", command=command)
    known = _OPTIONS.get(action, ())
    for option in ("--jobs", "--source", "--yes", "--json"):
        if arguments.has(option) and option not in known:
            raise UsageError("action-option", option=option, command=command, help="labs guest")


def _list(words: Catalogue, *, as_json: bool) -> int:
    try:
        used, _ = best()
        found = probed()
    except MachineError as error:
        if error.key != "guest-kernel-missing":
            raise
        used, found = None, []
    left, generic = build.unfinished(), images()
    if as_json:
        rows = [_row(kernel, one, kernel == used) for kernel, one in found]
        in_qemu = [{"release": image.release, "path": str(image.file)} for image in generic]
        print(json.dumps({"kernels": rows, "qemu": in_qemu, "unfinished": left}, ensure_ascii=False))
        return ExitCode.PASS
    for kernel, one in found:
        print(f"{'*' if kernel == used and one.boots else ' '} {kernel.name}")
        for line in _lines(kernel, one, words):
            print(f"    {line}")
    if not found:
        print(words.text("guest.none"))
    for image in generic:
        print(words.text("guest.in-qemu", release=image.release, path=str(image.file)))
    if chosen_name():
        print(words.text("guest.chosen", name=chosen_name()))
    if left:
        print(words.text("guest.unfinished", size=build.gigabytes(left), folder=str(build.build_folder())))
    return ExitCode.PASS


def _lines(kernel: Kernel, one: Probe, words: Catalogue) -> list[str]:
    where = f"{words.text(f'guest.origin-{kernel.origin}')}: {kernel.program}"
    if not one.boots:
        return [where, words.text("guest.dead", said=one.said or "…"), *(f"    {line}" for line in one.console)]
    quick = words.text("guest.quick" if one.seccomp else "guest.not-quick")
    return [where, f"Linux {one.release}; {quick}", words.text("guest.offers", features=" ".join(one.features))]


def _row(kernel: Kernel, one: Probe, used: bool) -> dict[str, Any]:
    return {
        "name": kernel.name,
        "origin": str(kernel.origin),
        "path": str(kernel.program),
        "used": used and one.boots,
        **one._asdict(),
    }


def _use(name: str, words: Catalogue) -> int:
    if name == AUTO:
        _choose("")
        print(words.text("guest.auto"))
        return ExitCode.PASS
    kernel = _named(name, kernels(), (AUTO,))
    one = probe(kernel)  # now, whatever was noted: it is to be relied on
    if not one.boots:
        raise LabsError("kernel-dead", name=name, said=one.said or "…")
    _choose(name)
    print(words.text("guest.uses", name=name, release=one.release))
    return ExitCode.PASS


def _remove(name: str, words: Catalogue) -> int:
    if name == FETCHED:
        print(words.text("guest.removed-unfinished", size=build.gigabytes(fetching.discard())))
        return ExitCode.PASS
    if name == UNFINISHED:
        print(words.text("guest.removed-unfinished", size=build.gigabytes(build.discard())))
        return ExitCode.PASS
    kernel = _named(name, kernels(), (UNFINISHED, FETCHED))
    if kernel.origin is not Origin.BUILT:
        raise LabsError("kernel-not-ours", name=name)
    build.remove(kernel)
    if chosen_name() == name:
        _choose("")
    print(words.text("guest.removed", name=name))
    return ExitCode.PASS


def _choose(name: str) -> None:
    try:
        choose(name)
    except OSError as error:
        raise LabsError("kernel-not-chosen", path=error.filename or "", reason=error.strerror or "") from error


def _named(name: str, found: Sequence[Kernel], others: Sequence[str]) -> Kernel:
    """Raises UsageError with the nearest name."""
    for kernel in found:
        if kernel.name == name:
            return kernel
    raise UsageError("unknown-kernel", name=name, hint=nearest(name, [*(kernel.name for kernel in found), *others]))
