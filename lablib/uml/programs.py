"""The programs that a build calls: each in a process group of its own, which ends when we stop waiting for it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_KEPT = 2000
"""Lines of output kept to find what went wrong; the log has them all."""
_END_SECONDS = 10.0
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy")
"""Of our environment. The rest, such as MAKEFLAGS, ARCH or KCONFIG_CONFIG, would change what is built."""
_START = ("setpriv", "--pdeathsig", "TERM", "nice")
"""If we are killed the program ends, and whoever builds goes on working meanwhile; setpriv(1), nice(1)."""


class ProgramFailed(Exception):
    """A program ended with another status than 0. `reason` is the line of its output that tells most."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Programs:
    """Runs programs quietly, in English, and adds what they print to the file `log`. They inherit the descriptor
    `lock`, so that what it locks stays locked while one of them runs, even if we are gone."""

    def __init__(self, log: Path, lock: int | None = None) -> None:
        self.log = log
        self._inherited = () if lock is None else (lock,)

    def run(
        self,
        words: Sequence[str | Path],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        each_line: Callable[[str], None] = lambda line: None,
    ) -> str:
        """What the program printed last, standard error included. Raises ProgramFailed. However waiting for it ends,
        it and its children end too: Ctrl-C reaches us alone."""
        last: deque[str] = deque(maxlen=_KEPT)
        process = self._start(words, folder, environment)
        try:
            assert process.stdout is not None
            with self.log.open("a", encoding="utf-8", buffering=1) as log:
                for line in process.stdout:
                    log.write(line)
                    last.append(line)
                    each_line(line)
            process.wait()
        finally:
            _end(process)
        if process.returncode != 0:
            raise ProgramFailed(_telling(last) or f"{words[0]}: status {process.returncode}")
        return "".join(last)

    def _start(
        self, words: Sequence[str | Path], folder: Path | None, environment: Mapping[str, str] | None
    ) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                [*_START, *map(str, words)],
                cwd=folder,
                env={**_passed_on(), "LC_ALL": "C", **(environment or {})},
                pass_fds=self._inherited,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                process_group=0,
            )
        except OSError as error:
            raise ProgramFailed(f"{words[0]}: {error.strerror}") from error


def _passed_on() -> dict[str, str]:
    return {name: value for name in _PASSED_ON if (value := os.environ.get(name))}


def _end(process: subprocess.Popen[str]) -> None:
    """Ends the process and its group, if it runs, and gives it time to tidy up."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _telling(lines: Sequence[str]) -> str:
    """Of a failed program's output the first line that speaks of an error, as apt, make and compilers write it, else
    the last that says anything."""
    said = [line.strip() for line in lines if line.strip()]
    telling = [line for line in said if line.startswith(("E:", "***")) or "error:" in line.lower() or "*** [" in line]
    return (telling or said[-1:] or [""])[0][:300]
