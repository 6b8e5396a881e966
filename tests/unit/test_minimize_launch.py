"""A launch is over in time, nothing of the program stays, and a filter does what it says. Needs a kernel and a sandbox
that let seccomp(2) notify, and pidfd_getfd(2)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lablib.errors import LabsError
from lablib.kernel import seccomp
from lablib.minimize import names
from lablib.minimize.launch import EXECVE, End, Filter, Launcher
from lablib.minimize.oracle import DENY, KILL, Oracle
from lablib.minimize.search import minimize
from tests.sandbox import needs_notify

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
SIGSYS, SIGKILL = -31, -9

pytestmark = needs_notify


def launcher(*argv: str) -> closing[Launcher]:
    return closing(Launcher(argv, ENVIRONMENT))


def shell(script: str) -> closing[Launcher]:
    return launcher("/bin/sh", "-c", script)


def running(word: str) -> list[str]:
    """Processes with `word` among their arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(folder.name)
        except OSError:
            pass  # it ended meanwhile
    return found


@pytest.fixture
def seconds() -> Iterator[str]:
    """An argument of sleep(1) that nobody else uses."""
    word = f"1000.{os.getpid()}{time.monotonic_ns()}"
    yield word
    assert not running(word)


def test_a_launch_tells_output_and_exit_status() -> None:
    with shell("echo one; echo two >&2; exit 3") as program:
        ran = program.launch(None, 5)
    assert (ran.end, ran.status, ran.output, ran.failure) == (End.ITSELF, 3, b"one\n", 0)


def test_the_program_gets_three_descriptors_and_what_a_shell_would_give_it() -> None:
    kept = os.open("/", os.O_RDONLY)
    os.set_inheritable(kept, True)
    script = "ls /proc/self/fd; grep SigIgn /proc/self/status; env; cat"
    try:
        with shell(script) as program:
            output = program.launch(None, 5).output.decode()
    finally:
        os.close(kept)
    assert output.split()[:4] == ["0", "1", "2", "3"], "the last is ls's own"
    assert "SigIgn:\t0000000000000000" in output
    assert "LANG=C.UTF-8" in output and "HOME" not in output


def test_a_program_that_hangs_is_ended_in_time_with_all_it_started(seconds: str) -> None:
    with shell(f"sleep {seconds} & setsid sleep {seconds} & echo there; wait") as program:
        began = time.monotonic()
        ran = program.launch(None, 0.3)
    assert (ran.end, ran.status, ran.output) == (End.TIME, SIGKILL, b"there\n")
    assert time.monotonic() - began < 2


def test_what_a_program_leaves_behind_is_ended(seconds: str) -> None:
    script = f"setsid sh -c 'setsid sleep {seconds} & setsid sleep {seconds}' & sleep 0.1"
    with shell(script) as program:
        assert program.launch(None, 5).end is End.ITSELF
        assert not running(seconds)


def test_children_from_before_are_left_alone(seconds: str) -> None:
    child = os.posix_spawn("/bin/sleep", ["sleep", seconds], {})
    try:
        with shell("setsid sleep 1000 & :") as program:
            assert program.launch(None, 5).status == 0
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_one_that_prints_for_ever_is_ended() -> None:
    with launcher("/usr/bin/yes") as program:
        ran = program.launch(None, 5)
    assert ran.end is End.OUTPUT


def test_one_that_forks_for_ever_is_ended_when_it_is_watched() -> None:
    with shell("f() { f | f; }; f") as program:
        ran = program.launch(Filter({}, seccomp.RET_USER_NOTIF), 10, lambda *_: None)
    assert ran.end is End.CROWD
    assert ran.seconds < 5


def test_what_cannot_be_executed_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no program\n")
    file.chmod(0o755)
    with launcher(str(file)) as program:
        assert os.strerror(program.launch(None, 5).failure) == "Exec format error"


@pytest.mark.parametrize(("action", "status"), [(KILL, SIGSYS), (DENY, 1)])
def test_a_denied_call_kills_or_fails(action: int, status: int) -> None:
    code = "import os\ntry: os.getppid() > 0 or exit(1)\nexcept OSError: exit(1)"
    getppid = {"x86_64": 110, "aarch64": 173}[os.uname().machine]
    with launcher(sys.executable, "-ISEB", "-c", code) as program:
        ran = program.launch(Filter({getppid: action}, seccomp.RET_ALLOW), 5)
    assert (ran.end, ran.status) == (End.ITSELF, status)


def test_a_watcher_hears_of_every_call_and_answers_it() -> None:
    heard: list[tuple[str, bool]] = []

    def decide(thread: int, number: int, is_first: bool) -> int | None:
        heard.append((names.name(number), is_first))
        return 1 if names.name(number) == "getcwd" else None

    code = "import os, threading\ntry: os.getcwd()\nexcept PermissionError: print('denied')\n"
    code += "thread = threading.Thread(target=os.getcwd); thread.start(); thread.join()"
    with launcher(sys.executable, "-ISEB", "-c", code) as program:
        ran = program.launch(Filter({}, seccomp.RET_USER_NOTIF), 5, decide)
    assert ran.output == b"denied\n"
    assert [is_first for name, is_first in heard if name == "getcwd"] == [True, False]
    assert "execve" not in [name for name, _ in heard]


@pytest.mark.parametrize(
    ("script", "key"),
    [
        ("exit 4", "minimize-fails"),
        ("kill -9 $$", "minimize-fails"),
        ("echo $$", "minimize-unstable"),
        ("sleep 100", "minimize-hangs"),
        ("yes", "minimize-output"),
        ("f() { f | f; }; f", "minimize-forks"),
    ],
)
def test_a_program_that_cannot_be_judged_is_told(script: str, key: str) -> None:
    oracle = Oracle(["/bin/sh", "-c", script], ENVIRONMENT, DENY, 1)
    with closing(oracle), pytest.raises(LabsError) as raised:
        oracle.watch()
    assert raised.value.key == key


@pytest.mark.parametrize("action", [KILL, DENY])
@pytest.mark.parametrize(
    "argv", [["/bin/true"], ["/usr/bin/python3", "-ISEB", "-c", "pass"], ["/bin/sh", "-c", "echo | cat"]]
)
def test_no_call_of_a_real_program_can_be_left_out_of_what_is_found(action: int, argv: list[str]) -> None:
    with closing(Oracle(argv, ENVIRONMENT, action)) as oracle:
        found = minimize(oracle, exact=False)
        assert EXECVE in found.calls
        assert all(oracle.works(found.allowed) for _ in range(3))
        assert not [call for call in found.allowed if oracle.works(found.allowed - {call})]
        if action == KILL and "/bin/sh" not in argv:
            assert found.proved


def test_a_program_that_ends_well_without_its_output_does_not_behave() -> None:
    code = "import os\ntry: os.write(1, b'hello')\nexcept OSError: pass"
    with closing(Oracle(["/usr/bin/python3", "-ISEB", "-c", code], ENVIRONMENT, DENY)) as oracle:
        found = minimize(oracle, exact=False)
    assert "write" in names.names(found.calls)


def test_exact_proves_the_least_for_a_real_program() -> None:
    with closing(Oracle(["/bin/true"], ENVIRONMENT, DENY)) as oracle:
        greedy = minimize(oracle, exact=False)
        found = minimize(oracle, exact=True)
        assert found.proved and len(found.calls) <= len(greedy.calls)
        assert oracle.works(found.allowed)


def test_names_are_libseccomps_and_numbers_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names.names([EXECVE, 100000]) == ["execve", "100000"]
    names.name.cache_clear()
    monkeypatch.setattr(names, "_library", lambda: None)
    try:
        assert names.names([EXECVE, 9, 100000]) == ["9", str(EXECVE), "100000"]
    finally:
        names.name.cache_clear()
