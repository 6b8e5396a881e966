"""What a filter may answer when only the call's number and architecture are known: nothing that it can let through is
missed, and what looks at the number alone is known exactly."""

from __future__ import annotations

import random

import pytest

from lablib.kernel import bpf, reach, seccomp

X86_64 = seccomp.AUDIT_ARCH["x86_64"]
I386 = 0x40000003
ALLOW, KILL, ENOSYS, LOG = seccomp.RET_ALLOW, seccomp.RET_KILL_PROCESS, seccomp.errno_return(38), 0x7FFC0000
NUMBER, ARCH, POINTER, ARGUMENT = 0, 4, 8, 16

Steps = list[tuple[int, int, int, int]]


def program(*steps: tuple[int, int, int, int]) -> bpf.Program:
    return bpf.decode(b"".join(bpf.INSTRUCTION.pack(*step) for step in steps))


def load(offset: int) -> tuple[int, int, int, int]:
    return (0x20, 0, 0, offset)


def allow_list(*calls: int, otherwise: int = ENOSYS) -> bpf.Program:
    return bpf.decode(seccomp.compile_answers(dict.fromkeys(calls, ALLOW), otherwise, "x86_64"))


def allowed(*programs: bpf.Program, arch: int = X86_64, base: int = 0) -> set[int]:
    return {number for number, each in enumerate(reach.answers(programs, arch, base)) if ALLOW in each}


def test_an_allow_list_is_known_exactly() -> None:
    answers = reach.answers([allow_list(0, 59, 231)], X86_64)
    assert {number for number, each in enumerate(answers) if each == {ALLOW}} == {0, 59, 231}
    assert all(each == {ENOSYS} for number, each in enumerate(answers) if number not in (0, 59, 231))


def test_other_tables_are_asked_with_their_own_numbers() -> None:
    by_number_alone = program(load(NUMBER), (0x15, 0, 1, 3), (6, 0, 0, ALLOW), (6, 0, 0, KILL))
    assert allowed(by_number_alone) == allowed(by_number_alone, arch=I386) == {3}
    assert allowed(by_number_alone, base=seccomp.X32_SYSCALL_BIT) == set()
    masked = program(load(NUMBER), (0x54, 0, 0, 0x3FF), (0x15, 0, 1, 3), (6, 0, 0, ALLOW), (6, 0, 0, KILL))
    assert allowed(masked, base=seccomp.X32_SYSCALL_BIT) == {3}
    assert allowed(allow_list(3), arch=I386) == allowed(allow_list(3), base=seccomp.X32_SYSCALL_BIT) == set()


@pytest.mark.parametrize("place", [POINTER, POINTER + 4, *range(ARGUMENT, 64, 4)])
def test_both_ways_are_followed_where_it_looks_at_what_is_not_known(place: int) -> None:
    sometimes = program(load(place), (0x15, 0, 1, 7), (6, 0, 0, ALLOW), (6, 0, 0, ENOSYS))
    assert set(reach.answers([sometimes], X86_64)) == {frozenset({ALLOW, ENOSYS})}


def test_ranges_of_numbers_and_kept_numbers_are_known() -> None:
    ranged = program(load(NUMBER), (0x25, 1, 0, 9), (0x35, 1, 0, 5), (6, 0, 0, ENOSYS), (6, 0, 0, ALLOW))
    assert allowed(ranged) == set(range(5, 10))
    kept = program(load(NUMBER), (0x02, 0, 0, 2), load(ARCH), (0x61, 0, 0, 2), (0x87, 0, 0, 0), (0x16, 0, 0, 0))
    assert reach.answers([kept], X86_64)[5] == {5}


def test_what_is_returned_from_an_unknown_register_may_be_anything() -> None:
    assert allowed(program(load(ARGUMENT), (0x16, 0, 0, 0))) == set(range(reach.NUMBERS))
    assert set(
        reach.answers([program(load(ARGUMENT), (0x07, 0, 0, 0), (0x34 | 8, 0, 0, 0), (6, 0, 0, ALLOW))], X86_64)
    ) == {frozenset({0, ALLOW})}


def test_of_several_filters_the_strictest_answer_counts_and_of_two_alike_the_newer() -> None:
    assert allowed(allow_list(0, 1, 2), allow_list(1, 2, 3)) == {1, 2}
    eperm, enosys = program((6, 0, 0, seccomp.errno_return(1))), program((6, 0, 0, ENOSYS))
    assert reach.answers([eperm, enosys], X86_64)[0] == {ENOSYS}
    assert reach.answers([enosys, eperm], X86_64)[0] == {seccomp.errno_return(1)}
    assert reach.answers([enosys, program((6, 0, 0, KILL)), program((6, 0, 0, LOG))], X86_64)[0] == {KILL}


def test_a_program_made_to_have_countless_ways_is_believed_to_allow_and_takes_no_time() -> None:
    steps: Steps = [(0x00, 0, 0, 1), (0x02, 0, 0, 0)]
    while len(steps) < bpf.MAX_INSTRUCTIONS - 6:
        steps += [load(ARGUMENT), (0x45, 0, 3, len(steps)), (0x60, 0, 0, 0), (0x24, 0, 0, 3), (0x02, 0, 0, 0)]
    steps += [(0x60, 0, 0, 0), (0x15, 0, 1, 0x12345), (6, 0, 0, ALLOW), (6, 0, 0, ENOSYS)]
    assert allowed(program(*steps)) == set(range(reach.NUMBERS))


def made(chance: random.Random) -> bpf.Program:
    """A program of all kinds of instructions, with small numbers, so that its ways differ."""
    steps: Steps = [(0x02, 0, 0, cell) for cell in range(3)]
    for left in range(chance.randrange(4, 16), 0, -1):
        value, by_x = chance.choice((0, 1, 5, 9, 31, 0x80000000)), chance.choice((0, 8))
        kinds: Steps = [
            load(chance.choice((NUMBER, ARCH, ARGUMENT, POINTER))),
            (chance.choice((0x00, 0x01)), 0, 0, value),
            (chance.choice((0x60, 0x61, 0x02, 0x03)), 0, 0, chance.randrange(3)),
            (chance.choice((0x07, 0x87, 0x84, 0x80, 0x81)), 0, 0, 0),
            (chance.choice((0x15, 0x25, 0x35, 0x45)) | by_x, chance.randrange(left), chance.randrange(left), value),
            (chance.choice((0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0xA4)) | by_x, 0, 0, value or 3),
        ]
        steps.append(chance.choice(kinds))
    return program(*steps, (0x16, 0, 0, 0))


@pytest.mark.parametrize("seed", range(40))
def test_no_answer_that_a_call_can_get_is_missed(seed: int) -> None:
    chance = random.Random(seed)
    written = made(chance)
    answers = reach.answers([written], X86_64)
    anything = {ALLOW, KILL}
    for number in (0, 1, 5, 6, 9, 10, 31, 500):
        for _ in range(20):
            arguments = tuple(chance.choice((0, 1, 5, 9, 31, 1 << 31, 1 << 63)) for _ in range(6))
            returned = bpf.run(written, bpf.Call(number, X86_64, arguments))
            assert returned in answers[number] or anything <= answers[number]
