"""The terminal widget on a program of this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable

from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection

from lablib.errors import MachineError
from lablib.machine.base import Size
from tests.tui.fake_machine import BASH, FakeShell
from tests.tui.waiting import until
from tui.terminal.engine import Engine, EngineFactory, Reply
from tui.terminal.engines import ghostty
from tui.terminal.pump import MAX_PIECE
from tui.terminal.widget import Terminal


class TerminalApp(App[None]):
    """A terminal and nothing else; keeps what it says."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *argv: str, engine: EngineFactory = ghostty) -> None:
        super().__init__()
        self.argv = argv or BASH
        self.engine = engine
        self.shells: list[FakeShell] = []
        self.said: list[Terminal.Ended | Terminal.EngineFailed] = []
        self.left = 0

    def compose(self) -> ComposeResult:
        yield Terminal(engine=self.engine)

    def on_mount(self) -> None:
        self.terminal.focus()
        self.call_after_refresh(self.terminal.start, self.open_shell)

    def on_unmount(self) -> None:
        for shell in self.shells:
            shell.close()

    def open_shell(self, size: Size) -> FakeShell:
        self.shells.append(FakeShell(self.argv, size))
        return self.shells[-1]

    def on_key(self, event: events.Key) -> None:
        self.left += event.key == "ctrl+right_square_bracket"

    def on_terminal_ended(self, event: Terminal.Ended) -> None:
        self.said.append(event)

    def on_terminal_engine_failed(self, event: Terminal.EngineFailed) -> None:
        self.said.append(event)

    @property
    def terminal(self) -> Terminal:
        return self.query_one(Terminal)

    def shows(self, text: str) -> Callable[[], bool]:
        return lambda: text in self.terminal.text

    async def enter(self, pilot: Pilot[None], command: str) -> None:
        self.terminal.post_message(events.Paste(command))
        await pilot.press("enter")


async def test_typed_keys_reach_the_shell_and_its_answer_is_shown() -> None:
    app = TerminalApp()
    async with app.run_test(size=(60, 12)) as pilot:
        await until(pilot, app.shows("lab#"))
        await pilot.press(*"echo", "space", *"a$((6*7))b", "enter")
        await until(pilot, app.shows("\na42b"))


async def test_the_program_learns_of_a_new_size() -> None:
    app = TerminalApp()
    async with app.run_test(size=(60, 12)) as pilot:
        await until(pilot, app.shows("lab#"))
        await pilot.resize_terminal(90, 20)
        await app.enter(pilot, "stty size")
        await until(pilot, app.shows("\n20 90"))


async def test_wide_characters_take_two_cells_and_are_copied_whole() -> None:
    app = TerminalApp("sh", "-c", "printf '中文字ab\\r\\nxyz'; sleep 9")
    async with app.run_test(size=(20, 5)) as pilot:
        await until(pilot, app.shows("xyz"))
        assert app.terminal.render_line(0).cell_length == 20
        chosen = app.terminal.get_selection(Selection(Offset(2, 0), Offset(2, 1)))
        assert chosen == ("文字ab\nxy", "\n")


async def test_ctrl_c_ends_a_flood_at_once() -> None:
    app = TerminalApp()
    async with app.run_test(size=(60, 12)) as pilot:
        await until(pilot, app.shows("lab#"))
        await app.enter(pilot, "yes flood")
        await until(pilot, lambda: app.terminal.text.count("flood") > 8)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app.terminal.text.rstrip().endswith("lab#"), seconds=2)


async def test_output_is_read_no_faster_than_it_is_shown() -> None:
    read = threading.Semaphore(0)

    class Endless(FakeShell):
        def read(self) -> bytes:
            read.release()
            return b"x" * size

    size = 1000
    app = TerminalApp("sleep", "9")
    app.open_shell = lambda size: Endless(("sleep", "9"), size)  # type: ignore[method-assign]
    async with app.run_test(size=(60, 12)) as pilot:
        await until(pilot, app.shows("xxx"))
        while read.acquire(blocking=False):
            pass
        threading.Event().wait(0.3)  # the event loop stands still
        ahead = 0
        while read.acquire(blocking=False):
            ahead += 1
        assert ahead <= MAX_PIECE // size + 1


async def test_escape_sequences_of_programs_stop_at_the_widget() -> None:
    app = TerminalApp("sh", "-c", "printf '\\033]52;c;c2VjcmV0\\007\\033]0;title\\007\\033[?1000hshown'; sleep 9")
    async with app.run_test(size=(40, 5)) as pilot:
        await until(pilot, app.shows("shown"))
        cells = "".join(segment.text for y in range(5) for segment in app.terminal.render_line(y))
        assert "\x1b" not in cells and "c2Vj" not in cells
        assert app.clipboard == ""


async def test_a_paste_is_bracketed_when_the_program_asks() -> None:
    app = TerminalApp("sh", "-c", "stty raw -echo; printf '\\033[?2004hready'; head -c 13 | od -An -c -w99; sleep 9")
    async with app.run_test(size=(80, 5)) as pilot:
        await until(pilot, app.shows("ready"))
        app.terminal.post_message(events.Paste("a"))
        await until(pilot, app.shows("033   [   2   0   0   ~   a 033   [   2   0   1   ~"))


async def test_mouse_is_reported_when_the_program_asks() -> None:
    app = TerminalApp(
        "sh", "-c", "stty raw -echo; printf '\\033[?1000h\\033[?1006hready'; head -c 9 | od -An -c; sleep 9"
    )
    async with app.run_test(size=(80, 8)) as pilot:
        await until(pilot, app.shows("ready"))
        await pilot.mouse_down(Terminal, offset=(3, 1))
        await until(pilot, app.shows("033   [   <   0   ;   4   ;   2   M"))


async def test_history_is_scrolled_and_typing_returns_to_the_end() -> None:
    app = TerminalApp()
    async with app.run_test(size=(60, 10)) as pilot:
        await until(pilot, app.shows("lab#"))
        await app.enter(pilot, "seq 1 100")
        await until(pilot, app.shows("\n100\n"))
        await pilot.press("shift+pageup", "shift+pageup")
        await until(pilot, lambda: "\n100\n" not in app.terminal.text and "90" in app.terminal.text)
        await pilot.press("x")
        await until(pilot, app.shows("\n100\n"))


async def test_questions_of_a_program_are_answered_to_the_shell() -> None:
    app = TerminalApp("sh", "-c", "stty raw -echo; printf '\\033[6n'; head -c 6 | od -An -c; sleep 9")
    async with app.run_test(size=(60, 5)) as pilot:
        await until(pilot, app.shows("033   [   1   ;   1   R"))


async def test_ctrl_bracket_is_not_sent_but_left_to_the_screen() -> None:
    app = TerminalApp()
    async with app.run_test(size=(60, 5)) as pilot:
        await until(pilot, app.shows("lab#"))
        await pilot.press("ctrl+right_square_bracket")
        assert app.left == 1


async def test_a_picture_held_by_synchronized_output_is_shown_at_last() -> None:
    app = TerminalApp("sh", "-c", "printf 'before\\033[?2026hafter'; sleep 9")
    async with app.run_test(size=(60, 5)) as pilot:
        await until(pilot, app.shows("beforeafter"))


async def test_when_the_shell_has_ended_enter_opens_another() -> None:
    app = TerminalApp()
    async with app.run_test(size=(60, 8)) as pilot:
        await until(pilot, app.shows("lab#"))
        await app.enter(pilot, "printf '\\033[?1049h'; exit 3")
        await until(pilot, lambda: bool(app.said))
        ended = app.said[0]
        assert isinstance(ended, Terminal.Ended) and (ended.status, ended.error) == (3, None)
        app.terminal.say("ended \x1b[31m here")
        await until(pilot, app.shows("ended [31m here"))
        await pilot.press("a", "enter")
        await until(pilot, lambda: len(app.shells) == 2 and app.terminal.text.rstrip().endswith("lab#"))


async def test_a_shell_that_cannot_be_had_says_why() -> None:
    def refuse(size: Size) -> FakeShell:
        raise MachineError("machine-gone")

    app = TerminalApp()
    app.open_shell = refuse  # type: ignore[method-assign]
    async with app.run_test(size=(60, 8)) as pilot:
        await until(pilot, lambda: bool(app.said))
        ended = app.said[0]
        assert isinstance(ended, Terminal.Ended) and isinstance(ended.error, MachineError)


async def test_an_engine_that_fails_is_replaced_and_that_is_said_once() -> None:
    def fragile(size: Size, reply: Reply) -> Engine:
        engine = ghostty(size, reply)
        feed = engine.feed

        def feed_or_fail(data: bytes) -> None:
            if b"poison" in data:
                raise RuntimeError("the parser broke")
            feed(data)

        engine.feed = feed_or_fail  # type: ignore[method-assign]
        return engine

    app = TerminalApp(engine=fragile)
    async with app.run_test(size=(60, 8)) as pilot:
        await until(pilot, app.shows("lab#"))
        await app.enter(pilot, "printf 'poi'son")
        await until(pilot, lambda: bool(app.said))
        await app.enter(pilot, "printf 'poi'son")
        await app.enter(pilot, "echo al''ive")
        await until(pilot, app.shows("alive"))
        assert [type(said) for said in app.said] == [Terminal.EngineFailed]


async def test_leaving_hangs_up_the_shell() -> None:
    app = TerminalApp()
    async with app.run_test(size=(60, 8)) as pilot:
        await until(pilot, app.shows("lab#"))
        app.terminal.stop()
        await until(pilot, lambda: app.shells[0].status is not None)


async def test_text_selected_with_the_mouse_is_the_selection() -> None:
    app = TerminalApp("sh", "-c", "printf 'one two three'; sleep 9")
    async with app.run_test(size=(40, 5)) as pilot:
        await until(pilot, app.shows("three"))
        await pilot.mouse_down(Terminal, offset=(4, 0))
        await pilot.hover(Terminal, offset=(6, 0))
        await pilot.mouse_up(Terminal, offset=(6, 0))
        await until(pilot, lambda: app.screen.get_selected_text() == "two")


HOSTILE = """
import os, random, sys
random.seed(7)
write = lambda data: os.write(1, data)
starts = [b"\\x1b[", b"\\x1b]52;c;", b"\\x1b]0;", b"\\x1bP", b"\\x1b_G", b"\\x1b]8;;", b"\\x1b]1337;", b"\\x9b"]
for _ in range(3000):
    end = random.choice([b"m", b"h", b"\\x07", b"\\x1b\\\\", b""])
    write(random.choice(starts) + random.randbytes(random.randrange(40)) + end)
write(random.randbytes(1 << 20))
write(b"\\xff\\xc3" * 1000 + b"\\x18\\x1bc")
for _ in range(10): write(b"x" * (1 << 20))
write(b"\\r\\n\\x18\\x1bc\\x1b[?1049l" + b"survived")
sys.stdin.read()
"""
"""Sequences that begin anything there is and end anywhere, bytes that are no text, and a line of 10 MB."""


async def test_whatever_a_program_writes_in_whatever_size_nothing_of_it_leaves_the_terminal() -> None:
    app = TerminalApp("python3", "-c", HOSTILE)
    async with app.run_test(size=(80, 24)) as pilot:
        title = app.title
        for width in (80, 2, 200, 1, 61, 80):
            await pilot.resize_terminal(width, max(1, width // 4))
        await until(pilot, app.shows("survived"), seconds=60)
        assert (app.title, app.clipboard) == (title, "")
        assert not [said for said in app.said if isinstance(said, Terminal.EngineFailed)]
