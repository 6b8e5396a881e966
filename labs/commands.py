"""From the command line to the module that does it, and from how that ended to an exit status.

Nothing is imported before it is needed: `labs list` must not pay for what other commands use.
"""

from __future__ import annotations

import os
import sys

from lablib.errors import LabsError, UsageError
from lablib.language import LANGUAGES, preferred_language
from labs.arguments import Arguments, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = "0.1.0"


def main(words: list[str] | None = None) -> int:
    """The `labs` command; returns its exit status (`labs.exits`)."""
    words = sys.argv[1:] if words is None else words
    language = _language(words)
    try:
        _print_whatever_the_encoding()
        status = _run(parse(words), language)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        from labs.exits import ExitCode

        # Python flushes standard output once more at its end; there it must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE
    except KeyboardInterrupt:
        from labs.exits import ExitCode

        return ExitCode.INTERRUPTED
    except LabsError as error:
        return _fail(error, language)
    except Exception as error:
        if os.environ.get("LABS_DEBUG"):
            raise
        return _fail(LabsError("unforeseen", reason=f"{type(error).__name__}: {error}"), language)


def _run(arguments: Arguments, language: str) -> int:
    chosen = arguments.value("--lang", language)
    if chosen not in LANGUAGES:
        raise UsageError("unknown-language", name=chosen, known=", ".join(LANGUAGES))
    if arguments.has("--help"):
        from lablib.i18n import catalogue

        print(catalogue(language).text("-".join(filter(None, ("cli.help", arguments.command)))))
        return 0
    if arguments.has("--version"):
        print(f"labs {VERSION}")
        return 0
    return _handler(arguments.command)(arguments, language)


def _handler(command: str) -> Callable[[Arguments, str], int]:
    if sys.flags.no_site and command not in ("", "list"):
        import site

        site.main()  # `./lab` starts Python without it; see there
    match command:
        case "list":
            from labs.listing import run_list

            return run_list
        case "start":
            from labs.starting import run_start

            return run_start
        case "shell":
            from labs.attaching import run_shell

            return run_shell
        case "reset":
            from labs.attaching import run_reset

            return run_reset
        case "read":
            from labs.reading import run_read

            return run_read
        case "run":
            from labs.playing import run_chapter

            return run_chapter
        case "dev":
            from labs.authoring import run_dev

            return run_dev
        case "guest":
            from labs.guests import run_guest

            return run_guest
        case "check":
            from labs.checking import run_check

            return run_check
        case "submit":
            from labs.submitting import run_submit

            return run_submit
        case "grade":
            from labs.grading import run_grade

            return run_grade
        case "student":
            from labs.whose import run_student

            return run_student
        case "doctor":
            from labs.upkeep import run_doctor

            return run_doctor
        case "finish":
            from labs.upkeep import run_finish

            return run_finish
        case _:
            from labs.mapping import run_map

            return run_map


def _language(words: list[str]) -> str:
    """The language for this run, also for saying that `words` make no sense."""
    ours = words[: words.index("--")] if "--" in words else words
    for word, following in zip(ours, [*ours, ""][1:], strict=True):
        option, equals, value = word.partition("=")
        if option == "--lang" and (value if equals else following) in LANGUAGES:
            return value if equals else following
    return preferred_language()


def _fail(error: LabsError, language: str) -> int:
    from labs import stderr
    from labs.exits import ExitCode

    stderr.report(error, language)
    return ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.NOT_CHECKED


def _print_whatever_the_encoding() -> None:
    """In a locale without our characters a `?` is better than no output."""
    for stream in (sys.stdout, sys.stderr):
        if stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
