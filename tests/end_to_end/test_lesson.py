"""`./lab start cgroups` from the first key to a green task: the real script, screen, shell and kernel."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lablib.course.parser import load_course
from lablib.machine.base import Size
from tests.end_to_end.screen import PROJECT, Screen
from tests.tui.fake_machine import FakeProgress
from tui.lesson.state import Walk

pytestmark = pytest.mark.usefixtures("guests_boot")

PASSED = {"en": "✓ passed", "zh": "✓ 已通过"}
ONLY_MEMORY = {"en": "A child with memory", "zh": "只带 memory 的子 cgroup"}
HALF = {"en": "✗ 1 of 2", "zh": "✗ 1/2 项"}
LEAVE = "\x1d\x11"
F2 = "\x1bOQ"
F7 = "\x1b[18~"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LABS_", "TMUX"))}
    return kept | {
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }


@pytest.fixture(params=[(language, size) for language in PASSED for size in (Size(120, 40), Size(80, 24))], ids=str)
def lesson(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[tuple[Screen, str]]:
    language, size = request.param
    screen = Screen([str(PROJECT / "lab"), "start", "cgroups", "--lang", language], size, environment)
    yield screen, language
    screen.close()


def test_the_memory_only_task_is_solved_by_typing(lesson: tuple[Screen, str], tmp_path: Path) -> None:
    screen, language = lesson
    screen.until("root@lab:~/lab#")
    screen.type_until(F2, {"en": "F2 run", "zh": "F2 运行"}[language])  # there may be more to read first
    screen.type(F2)
    screen.until(lambda text: any(line.startswith("I still have my") for line in terminal_lines(text)))
    screen.until("· 2/")  # a step that is done leads on
    go_to(screen, "cgroups/memory-only")
    screen.until(ONLY_MEMORY[language])
    screen.until(HALF[language])
    screen.type("cd /sys/fs/cgroup/test && mkdir leaf child\r")
    screen.until("/sys/fs/cgroup/test#")
    screen.type("echo +memory > cgroup.subtree_control\r")
    screen.until("Device or resource busy")
    screen.until(lambda text: re.search("[(（]sleep[)）]", text) is not None)  # what is in the way, and its pid
    assert PASSED[language] not in screen.text
    screen.type("cat cgroup.procs > leaf/cgroup.procs; echo +memory > cgroup.subtree_control\r")
    screen.until(PASSED[language])
    screen.type(LEAVE)
    assert screen.ended() == 0
    assert "cgroups/memory-only" in (tmp_path / "container-labs" / "passed").read_text()
    assert screen.raw.rstrip().endswith((b"\x1b[?1049l", b"\x1b[?25h", b"h", b"l"))
    _nothing_is_left()


def terminal_lines(text: str) -> list[str]:
    """The lines of the screen as far as they may be the terminal's."""
    return [line.rpartition("│")[2].strip() for line in text.splitlines()]


def go_to(screen: Screen, item: str) -> None:
    """Skips from item to item until the one called `item` is at hand; the first row says how far that is."""
    (chapter,) = [chapter for chapter in load_course(PROJECT / "content").chapters if chapter.id == "cgroups"]
    ids = [state.id for state in Walk(chapter, FakeProgress()).items]
    while (at := place(screen.text)) <= ids.index(item):
        screen.type(F7)
        screen.until(lambda text, at=at: place(text) > at)


def place(text: str) -> int:
    found = re.search(r"· (\d+)/\d+", text.split("\n")[0])
    assert found, text
    return int(found[1])


def test_text_can_be_read_before_the_machine_is_up(environment: dict[str, str]) -> None:
    screen = Screen([str(PROJECT / "lab"), "start", "cgroups"], Size(120, 40), environment)
    seen = screen.until("Control groups")
    assert "root@lab" not in seen
    screen.until("docker run")
    screen.until("root@lab:~/lab#")
    screen.type(LEAVE)
    assert screen.ended() == 0
    screen.close()


def test_without_a_kernel_the_chapter_can_be_read_and_the_remedy_is_named(environment: dict[str, str]) -> None:
    environment["LABS_GUEST_KERNEL"] = "/nowhere/linux"
    screen = Screen([str(PROJECT / "lab"), "start", "cgroups"], Size(120, 40), environment)
    screen.until("/nowhere/linux")
    screen.until("unset it")
    screen.until("docker run")
    screen.type(LEAVE)
    assert screen.ended() == 3
    screen.close()


def _nothing_is_left() -> None:
    ours = [path for parent in ("/tmp", "/dev/shm") for path in Path(parent).glob("container-labs-*")]
    assert [path for path in ours if (path / "owner").read_text().split()[0] not in os.listdir("/proc")] == []
