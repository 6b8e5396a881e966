"""The search for the smallest allow-list, on made-up programs small enough to try every list."""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import chain, combinations
from typing import NamedTuple, cast

import pytest

from lablib.errors import LabsError
from lablib.minimize.fallback import fallbacks
from lablib.minimize.launch import EXECVE
from lablib.minimize.oracle import DENY, ENOSYS, KILL, Oracle, Trace
from lablib.minimize.search import Found, minimize

CALLS = range(1000, 1007)


class State(NamedTuple):
    """A call, and the states that follow when it is done and when it fails: an index, or how it all ends."""

    call: int
    done: int | bool
    failed: int | bool
    by_child: bool = False


class MadeUp:
    """The oracle of a program of states. Under KILL the first thread's denied call ends it, and a child's does not."""

    def __init__(self, states: list[State], action: int) -> None:
        self.states = states
        self.action = action
        self.launches = 0
        self.musts: tuple[frozenset[int], ...] = ()

    def run(self, allowed: Collection[int] | None) -> tuple[bool, Trace]:
        self.launches += 1
        trace, now = Trace(), cast("int | bool", 0)
        while not isinstance(now, bool):
            state = self.states[now]
            trace.note(int(state.by_child), state.call, not state.by_child)
            is_done = allowed is None or state.call in allowed
            if not is_done and self.action == KILL and not state.by_child:
                return False, trace
            now = state.done if is_done else state.failed
        return now, trace

    def watch(self) -> Trace:
        return self.run(None)[1]

    def works(self, allowed: Collection[int]) -> bool:
        return self.run(allowed)[0]

    def probe(self, allowed: Collection[int], denied: Collection[int], error: int | None) -> tuple[bool, Trace]:
        done = allowed if error else set(CALLS) - set(denied)
        works, trace = self.run(done)
        for decided in (*allowed, *denied):
            trace.first.pop(decided, None)
            trace.last.pop(decided, None)
        return works, trace

    def replay(self, allowed: Collection[int]) -> Trace:
        return self.run(allowed)[1]


def made_up(seed: int, action: int) -> MadeUp:
    """A program that works when nothing is denied, and often when something is."""
    chance = random.Random(seed)
    size = 14
    states = []
    for here in range(size):
        further = range(here + 1, min(here + 4, size))
        done = chance.choice(further) if further else True
        failed = chance.choice([False, *further, *further]) if further else chance.choice([True, False])
        states.append(State(chance.choice(CALLS), done, failed, by_child=chance.random() < 0.5))
    return MadeUp(states, action)


def smallest(program: MadeUp) -> int:
    lists = chain.from_iterable(combinations(CALLS, size) for size in range(len(CALLS) + 1))
    return next(len(allowed) for allowed in lists if program.works(allowed))


def search(program: MadeUp, *, exact: bool) -> Found:
    return minimize(cast(Oracle, program), exact=exact)


@pytest.mark.parametrize("action", [KILL, DENY])
@pytest.mark.parametrize("seed", range(150))
def test_exact_finds_the_size_that_trying_every_list_finds(action: int, seed: int) -> None:
    program = made_up(seed, action)
    found = search(program, exact=True)
    assert program.works(found.allowed)
    assert found.proved
    assert len(found.allowed) == smallest(program)


@pytest.mark.parametrize("seed", range(150))
def test_knowing_of_what_every_list_must_have_one_finds_the_same_with_no_more_launches(seed: int) -> None:
    unaware, aware = made_up(seed, DENY), made_up(seed, DENY)
    lists = chain.from_iterable(combinations(CALLS, size) for size in range(len(CALLS) + 1))
    working = [set(allowed) for allowed in lists if made_up(seed, DENY).works(allowed)]
    shuffled = random.Random(seed).sample(CALLS, len(CALLS))
    parts = (frozenset(shuffled[:2]), frozenset(shuffled[2:4]), frozenset(shuffled[4:]))
    aware.musts = tuple(part for part in parts if all(part & allowed for allowed in working))
    found = search(aware, exact=True)
    assert len(found.allowed) == len(search(unaware, exact=True).allowed)
    assert aware.launches <= unaware.launches
    assert aware.works(found.allowed)


@pytest.mark.parametrize("action", [KILL, DENY])
@pytest.mark.parametrize("seed", range(150))
def test_no_call_can_be_left_out_of_what_is_found(action: int, seed: int) -> None:
    program = made_up(seed, action)
    found = search(program, exact=False)
    assert program.works(found.allowed)
    assert not [call for call in found.allowed if program.works(found.allowed - {call})]
    assert found.is_minimal
    if found.proved:
        assert len(found.allowed) == smallest(program)


def test_made_up_programs_are_of_the_kind_that_leaving_out_alone_does_not_solve() -> None:
    sizes = [
        (len(search(made_up(seed, DENY), exact=False).allowed), smallest(made_up(seed, DENY))) for seed in range(150)
    ]
    assert any(one > least for one, least in sizes)


def test_a_call_that_only_a_denied_program_makes_can_be_the_better_one() -> None:
    """1000 and 1001 do it, or, where 1000 fails, 1002 alone."""
    states = [State(1000, 1, 2), State(1001, True, False), State(1002, True, False)]
    found = search(MadeUp(states, DENY), exact=True)
    assert found.allowed == {1002}
    assert found.calls == (EXECVE, 1002)


def test_under_kill_what_the_first_thread_calls_needs_no_launch() -> None:
    program = MadeUp([State(1000, 1, False), State(1001, 2, False), State(1002, True, False)], KILL)
    found = search(program, exact=True)
    assert found.proved
    assert program.launches == 2  # it was watched, and what was seen was confirmed


def test_an_interrupted_search_gives_the_best_so_far() -> None:
    program = MadeUp([State(1000, 1, 1), State(1001, 2, 2), State(1002, True, True)], DENY)
    seen: list[str] = []

    def interrupt(found: Found) -> None:
        seen.append(found.stage)
        if len(seen) == 2:
            raise KeyboardInterrupt

    found = minimize(cast(Oracle, program), exact=True, progress=interrupt)
    assert found.interrupted
    assert not found.proved and not found.is_minimal
    assert program.works(found.allowed)


def test_a_program_that_does_otherwise_without_a_watcher_is_told() -> None:
    class Shy(MadeUp):
        def works(self, allowed: Collection[int]) -> bool:
            return False

    for action in (KILL, DENY):
        with pytest.raises(LabsError, match="minimize-differs"):
            search(Shy([State(1000, True, False)], action), exact=False)


def test_what_denied_calls_fell_back_to_is_told() -> None:
    states = [
        State(1000, 1, 1),  # goes on all the same
        State(1001, 4, 2),  # asks for another call
        State(1002, 5, False),
        State(1003, 5, False),
        State(1003, 5, 5),  # only where 1001 is done
        State(1004, True, False),
    ]
    program = MadeUp(states, DENY)
    found = Found(frozenset({1002, 1004}), trace=program.watch(), denied=program.replay({1002, 1004}))
    fell = fallbacks(found)
    assert fell is not None
    assert (fell.instead, fell.ignored, fell.unasked) == ({1001: 1002}, (1000,), (1003,))
    assert fallbacks(Found(frozenset({1002}), trace=program.watch())) is None


def test_enosys_is_what_the_answer_says() -> None:
    assert DENY & 0xFFFF == ENOSYS
