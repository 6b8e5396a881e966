"""Our BPF machine answers as the kernel does: programs of every instruction that a filter may have are loaded in a
guest, and each is run on one call."""

from __future__ import annotations

import json
import random

import pytest

from lablib.kernel.bpf import INSTRUCTION, Call, decode, run
from lablib.kernel.seccomp import AUDIT_ARCH, RET_ALLOW, RET_ERRNO
from lablib.machine.guest import GuestMachine
from tests.guests import python

PROGRAMS = 60
NO_CALL = 1000
"""A number that means nothing, so that only the filter decides what comes of it."""
ARGUMENTS = (0x1122334455667788, 1, 0xFFFFFFFF00000000, 0x80000000, 7, 0)

LOAD_EACH = """
import ctypes, json, os, struct
libc = ctypes.CDLL(None, use_errno=True)
programs, number, arguments = json.loads('''%s''')
answers = []
for program in map(bytes.fromhex, programs):
    child = os.fork()
    if child == 0:
        buffer = ctypes.create_string_buffer(program, len(program))
        fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer)))
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, fprog):
            os._exit(200)
        libc.syscall(ctypes.c_long(number), *(ctypes.c_ulong(argument) for argument in arguments))
        os._exit(ctypes.get_errno())
    answers.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(answers))
"""


def made(chance: random.Random) -> bytes:
    """A program that computes something of the call's data, and fails the call with an errno made of it."""
    body = [step(chance, left) for left in range(chance.randrange(4, 20), 0, -1)]
    steps = [
        (0x20, 0, 0, 0), (0x15, 1, 0, NO_CALL), (0x06, 0, 0, RET_ALLOW),
        *((0x02, 0, 0, cell) for cell in range(3)),
        *body,
        (0x03, 0, 0, 0), (0x07, 0, 0, 0), (0x60, 0, 0, 0), (0xAC, 0, 0, 0),  # A and X both count
        (0x02, 0, 0, 1), (0x74, 0, 0, 13), (0x61, 0, 0, 1), (0xAC, 0, 0, 0),
        (0x54, 0, 0, 0x3F), (0x04, 0, 0, 1), (0x44, 0, 0, RET_ERRNO), (0x16, 0, 0, 0),
    ]  # fmt: skip
    return b"".join(INSTRUCTION.pack(*each) for each in steps)


def step(chance: random.Random, left: int) -> tuple[int, int, int, int]:
    """One instruction with `left` others of the body from itself on."""
    value = chance.choice((0, 1, 31, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, chance.randrange(1 << 32)))
    by_x = chance.choice((0, 8))
    kind = chance.randrange(9)
    if kind < 2:
        return (0x20, 0, 0, 4 * chance.choice((0, 1, *range(4, 16))))
    if kind == 2:
        return (chance.choice((0x00, 0x01)), 0, 0, value)
    if kind == 3:
        return (chance.choice((0x60, 0x61, 0x02, 0x03)), 0, 0, chance.randrange(3))
    if kind == 4:
        return (chance.choice((0x07, 0x87, 0x84, 0x80, 0x81)), 0, 0, 0)
    if kind == 5:
        return (0x05, 0, 0, chance.randrange(left))
    if kind == 6:
        code = chance.choice((0x15, 0x25, 0x35, 0x45)) | by_x
        return (code, chance.randrange(left), chance.randrange(left), 0 if by_x else value)
    if kind == 7:
        return (chance.choice((0x64, 0x74)), 0, 0, chance.randrange(32))
    return (chance.choice((0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0xA4)) | by_x, 0, 0, 0 if by_x else value or 3)


@pytest.mark.parametrize("seed", range(5))
def test_a_filter_is_answered_for_as_the_kernel_answers(shared_guest: GuestMachine, seed: int) -> None:
    chance = random.Random(seed)
    programs = [made(chance) for _ in range(PROGRAMS)]
    call = Call(NO_CALL, AUDIT_ARCH["x86_64"], ARGUMENTS)
    returned = [run(decode(program), call) for program in programs]
    # What divides by a zero in X is killed, with SIGSYS.
    expected = [answer & 0xFFFF if answer else -31 for answer in returned]
    order = json.dumps([[program.hex() for program in programs], NO_CALL, ARGUMENTS])
    assert json.loads(python(shared_guest, LOAD_EACH % order, 60)) == expected
    assert len(set(expected)) > 10
