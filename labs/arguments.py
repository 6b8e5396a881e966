"""The command line as a value. Not argparse: it would double the time of `labs list`, and it speaks English only."""

from __future__ import annotations

from lablib.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

GLOBAL_OPTIONS = {"--lang": True, "--help": False, "--version": False}
"""Options of every command, and whether each takes a value."""


class Command:
    """What may follow a command's name: options, and operands of which the first `required` must be there; with `more`
    there may be any number of them."""

    def __init__(
        self, options: dict[str, bool], operands: tuple[str, ...] = (), required: int = 0, *, more: bool = False
    ) -> None:
        self.options = options | GLOBAL_OPTIONS
        self.operands = operands
        self.required = required
        self.more = more


COMMANDS = {
    "": Command({}),
    "list": Command({"--json": False}),
    "start": Command({"--on": True, "--record": True}, ("CHAPTER",)),
    "shell": Command({}, ("CHAPTER",)),
    "reset": Command({}, ("CHAPTER",)),
    "read": Command({}, ("CHAPTER",), required=1),
    "run": Command({"--on": True, "--json": False, "-i": False}, ("CHAPTER",), required=1),
    "check": Command(
        {"--script": True, "--answer": True, "--json": False, "--on": True, "--timeout": True}, ("TASK",), required=1
    ),
    "submit": Command({"--student": True, "--json": False}, ("CHAPTER",), required=1),
    "grade": Command(
        {
            "--out": True,
            "--course": True,
            "--jobs": True,
            "--timeout": True,
            "--resume": False,
            "--regrade": True,
            "--format": True,
            "--gradescope-image": True,
            "--parameters": True,
            "--dask": True,
            "--batch": True,
            "--tls-ca": True,
            "--tls-cert": True,
            "--tls-key": True,
            "--json": False,
        },
        ("PATH",),
        more=True,
    ),
    "student": Command({"--forget": False, "--json": False}, ("FILE",)),
    "doctor": Command({"--fix": False, "--yes": False, "--json": False}),
    "finish": Command({"--all": False, "--json": False}),
    "guest": Command(
        {"--jobs": True, "--source": True, "--yes": False, "--json": False}, ("ACTION", "NAME"), required=1
    ),
    "dev": Command(
        {"--on": True, "--json": False, "--action": True, "--exact": False, "--format": True, "--timeout": True},
        ("ACTION", "NAME"),
        required=1,
        more=True,
    ),
}


class Arguments:
    """A command and what was given with it. An option that was not given is absent; one without a value is empty."""

    def __init__(self, command: str, options: dict[str, str], operands: tuple[str, ...]) -> None:
        self.command = command
        self.options = options
        self.operands = operands

    def has(self, option: str) -> bool:
        return option in self.options

    def value(self, option: str, default: str) -> str:
        return self.options.get(option, default)


def parse(words: list[str]) -> Arguments:
    """Reads `words`, the command line without the program's name. Raises UsageError."""
    command = ""
    options: dict[str, str] = {}
    operands: list[str] = []
    known = GLOBAL_OPTIONS
    rest = iter(words)
    for word in rest:
        if word == "--":
            operands += rest
        elif word == "-h":
            options["--help"] = ""
        elif word.startswith("-") and word != "-":
            name, equals, value = word.partition("=")
            if name not in known:
                raise UsageError("unknown-option", option=name, command=_called(command), hint=nearest(name, known))
            if known[name] and not equals:
                value = next(rest, "")
            if known[name] != bool(value):
                raise UsageError("option-value" if known[name] else "option-no-value", option=name)
            options[name] = value
        elif not command:
            if word not in COMMANDS:
                raise UsageError("unknown-command", name=word, hint=nearest(word, COMMANDS))
            command, known = word, COMMANDS[word].options
        else:
            operands.append(word)
    _count(command, options, operands)
    return Arguments(command, options, tuple(operands))


def _count(command: str, options: dict[str, str], operands: list[str]) -> None:
    spec = COMMANDS[command]
    if "--help" in options or "--version" in options:
        return
    if len(operands) > len(spec.operands) and not spec.more:
        raise UsageError("too-many-operands", operand=operands[len(spec.operands)], command=_called(command))
    if len(operands) < spec.required:
        raise UsageError("missing-operand", operand=spec.operands[len(operands)], command=_called(command))


def seconds(arguments: Arguments, default: float) -> float:
    """The value of --timeout. Raises UsageError."""
    text = arguments.value("--timeout", str(default))
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageError("bad-timeout", value=text)
    return value


def jobs(arguments: Arguments) -> int:
    """The value of --jobs, or one for each processor. Raises UsageError."""
    import os

    return count(arguments, "--jobs", len(os.sched_getaffinity(0)))


def count(arguments: Arguments, option: str, default: int) -> int:
    """The value of an option that is a number of things. Raises UsageError."""
    value = arguments.value(option, str(default))
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= 1024):
        raise UsageError("bad-count", option=option, value=value)
    return int(value)


def _called(command: str) -> str:
    return f"labs {command}".rstrip()


def nearest(name: str, known: Iterable[str]) -> str:
    """Of the names `known`, the one that `name` is most like; empty where there are none."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, [other for other in known if other], n=1, cutoff=0.0)), "")
