"""What a guest's kernel said last, as it is told."""

from __future__ import annotations

import os

import pytest

from lablib.machine.console import Console, telling

PANIC = """\
[    2.262640] 9pnet: Installing 9P2000 support
[    2.263001] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00002400
[    2.263002] CPU: 0 PID: 1 Comm: init Not tainted 6.1.0-56-amd64 #1
[    2.263003] Call Trace:
[    2.263004]  <TASK>
[    2.263005]  dump_stack_lvl+0x44/0x5c
[    2.263006]  ? exit_to_user_mode_prepare+0x172/0x240
[    2.263007] RIP: 0033:0x400122
[    2.263008] R13: 0000000000000000 R14: 0000000000000000 R15: 0000000000000000
[    2.263009]  </TASK>
"""


@pytest.mark.parametrize(
    ("said", "last"),
    [
        (PANIC, "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00002400"),
        ("qemu-system-x86_64: Could not open '/x': Permission denied\nbye\n", "qemu-system-x86_64: Could not open"),
        ("labs: [Errno 2] No such file\n\x1b[31mred\n", "labs: [Errno 2] No such file"),
    ],
)
def test_the_line_that_says_most_is_found_without_stamps_and_traces(said: str, last: str) -> None:
    console = Console()
    os.write(console.writing_end, said.encode())
    console.listen()
    lines = console.last_lines()
    console.close()
    assert telling(lines).startswith(last)
    assert not [line for line in lines if "TASK" in line or "+0x" in line or "\x1b" in line or line.startswith("[ ")]
