"""A lesson's socket: who is let in, what is answered, and what goes wrong in a sentence."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lablib.attach import server, sockets
from lablib.attach.client import ask_reset, ask_shell
from lablib.attach.frames import MAX_PAYLOAD, VERSION, Kind, receive, send, send_json
from lablib.attach.server import ControlSocket
from lablib.attach.sockets import RunningLab, connect, running_labs
from lablib.errors import LabsError, MachineError
from lablib.machine.base import Shell, Size
from tests.tui.fake_machine import BASH, FakeShell

SIZE = Size(80, 24)


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / ("long-" * 30)  # longer than a socket's address may be
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return folder / "container-labs"


class Lesson:
    """A lesson that opens shells of this machine."""

    def __init__(self) -> None:
        self.shells: list[FakeShell] = []
        self.failure: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.socket = ControlSocket("cgroups", self.open_shell, self.reset)

    def open_shell(self, size: Size) -> Shell:
        self.gate.wait(20)
        if self.failure:
            raise self.failure
        self.shells.append(FakeShell(BASH, size))
        return self.shells[-1]  # type: ignore[return-value]

    def reset(self) -> float:
        if self.failure:
            raise self.failure
        return 1.5


@pytest.fixture
def lesson() -> Iterator[Lesson]:
    lesson = Lesson()
    lesson.socket.open()
    yield lesson
    lesson.gate.set()
    lesson.socket.close()
    for shell in lesson.shells:
        shell.close()


@pytest.fixture
def lab(lesson: Lesson) -> RunningLab:
    (lab,) = running_labs()
    return lab


def key(ask: Callable[[], object]) -> str:
    with pytest.raises(LabsError) as caught:
        ask()
    return caught.value.key


def until(connection: socket.socket, text: bytes) -> None:
    seen = b""
    while text not in seen:
        frame = receive(connection)
        assert frame is not None and frame.kind is Kind.OUTPUT, seen
        seen += frame.payload


def test_a_lesson_is_found_while_it_runs(lesson: Lesson, runtime: Path) -> None:
    assert running_labs() == running_labs("cgroups") == [RunningLab("cgroups", os.getpid(), runtime)]
    assert running_labs("overlayfs") == []
    lesson.socket.close()
    lesson.socket.close()
    assert running_labs() == []
    assert list(runtime.iterdir()) == []


def test_a_shell_is_carried_both_ways_with_its_size_and_status(lab: RunningLab) -> None:
    with ask_shell(lab, SIZE) as connection:
        send(connection, Kind.INPUT, b"stty size; echo $((6*7))\n")
        until(connection, b"24 80\r\n42")
        send_json(connection, Kind.RESIZE, [101, 33])
        send(connection, Kind.INPUT, b"stty size\n")
        until(connection, b"33 101")
        send(connection, Kind.INPUT, b"exit 7\n")
        while (frame := receive(connection)) and frame.kind is Kind.OUTPUT:
            pass
        assert frame is not None and (frame.kind, frame.json()) == (Kind.ENDED, 7)


def test_several_shells_run_at_once(lab: RunningLab, lesson: Lesson) -> None:
    connections = [ask_shell(lab, SIZE) for _ in range(5)]
    for number, connection in enumerate(connections):
        send(connection, Kind.INPUT, f"echo I am $((1000+{number}))\n".encode())
    for number, connection in enumerate(connections):
        until(connection, f"I am {1000 + number}".encode())
        connection.close()


def test_a_terminal_that_goes_away_hangs_its_shell_up(lab: RunningLab, lesson: Lesson) -> None:
    ask_shell(lab, SIZE).close()
    end = time.monotonic() + 5
    while lesson.shells[0].status is None:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_machine_that_is_still_coming_up_is_waited_for(lab: RunningLab, lesson: Lesson) -> None:
    lesson.gate.clear()
    threading.Timer(0.3, lesson.gate.set).start()
    with ask_shell(lab, SIZE) as connection:
        until(connection, b"lab#")


def test_a_reset_says_how_long_it_took(lab: RunningLab) -> None:
    assert ask_reset(lab) == 1.5


@pytest.mark.parametrize("ask", [lambda lab: ask_shell(lab, SIZE), ask_reset], ids=["shell", "reset"])
def test_what_fails_in_the_lesson_is_said_here(
    lab: RunningLab, lesson: Lesson, ask: Callable[[RunningLab], object]
) -> None:
    lesson.failure = MachineError("work-too-large", limit=16, entries=10_000)
    with pytest.raises(LabsError) as caught:
        ask(lab)
    assert (caught.value.key, caught.value.params) == ("work-too-large", {"limit": "16", "entries": "10000"})
    lesson.failure = ZeroDivisionError("broken")
    assert key(lambda: ask(lab)) == "unforeseen"


def test_a_lesson_that_has_stopped_is_called_silent(lab: RunningLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lablib.attach.client.HEARD_SECONDS", 0.2)
    monkeypatch.setattr(ControlSocket, "_serve", lambda *_: time.sleep(1))
    assert key(lambda: ask_reset(lab)) == "lab-silent"


def test_a_lesson_that_ends_before_it_answers_is_called_silent(lab: RunningLab, lesson: Lesson) -> None:
    lesson.socket.close()
    assert key(lambda: ask_reset(lab)) == "lab-silent"


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01" + (MAX_PAYLOAD + 1).to_bytes(4, "big"),
        b"\x01\0\0\0\x02[]",
        b"\x01\0\0\0\x01{",
        b"\x01\0\0\xff\xff" + b"[" * 0xFFFF,
        b"\x02\0\0\0\0",
    ],
)
def test_nonsense_is_cut_off_and_the_next_is_heard(lab: RunningLab, said: bytes) -> None:
    with connect(lab) as connection:
        connection.settimeout(5)
        connection.sendall(said)
        with contextlib.suppress(ConnectionResetError):  # not all of it was read
            assert receive(connection) is None
    assert ask_reset(lab) == 1.5


@pytest.mark.parametrize("size", [[0, 24], [80, -1], [80, 1 << 20], ["80", 24], [None, None]])
def test_a_size_that_is_none_opens_no_shell(lab: RunningLab, lesson: Lesson, size: list[object]) -> None:
    with connect(lab) as connection:
        connection.settimeout(5)
        ask = {"version": VERSION, "ask": "shell", "columns": size[0], "rows": size[1]}
        send_json(connection, Kind.REQUEST, ask)
        frame = receive(connection)
        assert frame is not None and frame.kind is Kind.HEARD
        assert receive(connection) is None
    assert not lesson.shells


def test_a_terminal_of_another_version_is_told(lab: RunningLab) -> None:
    with connect(lab) as connection:
        send_json(connection, Kind.REQUEST, {"version": VERSION + 1, "ask": "dance"})
        frame = receive(connection)
        assert frame is not None and frame.json()["key"] == "attach-version"


def test_one_that_says_nothing_is_not_waited_for_for_ever(lab: RunningLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.2)
    with connect(lab) as connection:
        connection.settimeout(5)
        assert receive(connection) is None


def test_another_user_is_not_heard(lab: RunningLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "is_same_user", lambda connection: False)
    assert key(lambda: ask_reset(lab)) == "lab-silent"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_kernel_says_which_user_the_other_side_is(lab: RunningLab) -> None:
    lab.folder.chmod(0o711)
    for folder in (lab.folder.parent, *lab.folder.parent.parents):
        if folder.owner() == "root" and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o711)
    (lab.folder / lab.name).chmod(0o777)
    program = f"""
import os, socket
os.chdir({str(lab.folder)!r})
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
asking = socket.socket(socket.AF_UNIX); asking.settimeout(5); asking.connect({lab.name!r})
print(asking.recv(1))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert done.stdout == "b''\n", done.stderr


def test_what_killed_lessons_left_is_removed_and_nothing_else(runtime: Path, lab: RunningLab) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    for name in (f"overlayfs.{dead.pid}", "stray.socket"):
        folder = os.open(runtime, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(f"/proc/self/fd/{folder}/{name}")
        os.close(folder)
    (runtime / f"notes.{dead.pid}").touch()
    assert running_labs() == [lab]
    assert sorted(path.name for path in runtime.iterdir()) == sorted([lab.name, "stray.socket", f"notes.{dead.pid}"])


def test_a_folder_that_others_may_read_is_not_trusted(runtime: Path) -> None:
    runtime.mkdir(mode=0o755)
    lesson = Lesson()
    assert key(lesson.socket.open) == "attach-failed"
    assert running_labs() == []


def test_a_folder_that_is_a_link_is_not_trusted(runtime: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    runtime.symlink_to(tmp_path / "elsewhere")
    assert key(Lesson().socket.open) == "attach-failed"


@pytest.mark.parametrize("chosen", ["relative", "/nonexistent", "not ours alone"])
def test_without_a_runtime_folder_the_sockets_are_with_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    if chosen == "not ours alone":
        (tmp_path / "open").mkdir()
        (tmp_path / "open").chmod(0o777)
        chosen = str(tmp_path / "open")
    monkeypatch.setenv("XDG_RUNTIME_DIR", chosen)
    lesson = Lesson()
    lesson.socket.open()
    try:
        (lab,) = running_labs()
        assert lab.folder == tmp_path / "state/container-labs/attach"
        assert ask_reset(lab) == 1.5
    finally:
        lesson.socket.close()


def test_a_lesson_closed_before_it_opened_lets_nobody_in(runtime: Path) -> None:
    lesson = Lesson()
    lesson.socket.close()
    lesson.socket.open()
    assert running_labs() == []
    assert sockets.running_labs("cgroups") == []
