"""From what the program does to what it needs: a set from which no call can be left out, and the smallest there is.

**Default ENOSYS.** A program lives without most of what it asks for, so the search begins with nothing: each launch
denies all but the calls found so far, and of those denied, the one after which it gave up is added (`_grown`). That
takes a launch for each call needed, not one for each call made. Then each is denied alone (`_reduced`).

**Default KILL_PROCESS.** What its first thread asks for is needed: where all before it is allowed, the program does
what it always does, and so comes to that call. This holds until another process asks for something that might be
denied, of which the first may make anything; from there on calls have to be tried.

**Exact** (`_smallest`). A launch shows, in order, the calls it makes that are not yet decided. Any other allow-list
differs from this one at one of them first; the calls before that are settled, and what follows is another launch. That
is a tree with every allow-list in it, of which what costs as much as the best so far is cut off; what a list lacks and
the kernel's own rules ask for (`Oracle.musts`) is counted in. It proves its answer for a program that does the same
when its calls are answered the same, and that is given the time it takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from lablib.errors import LabsError
from lablib.minimize.launch import EXECVE
from lablib.minimize.oracle import ENOSYS, KILL, Oracle, Trace


@dataclass
class Found:
    """What is known so far; all of it stays true when the search is interrupted."""

    allowed: frozenset[int]
    """The smallest set found that works, without execve."""
    stage: str = "trace"
    is_minimal: bool = False
    """No call of it can be left out."""
    proved: bool = False
    """No smaller set works."""
    launches: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    trace: Trace | None = field(default=None, repr=False)
    denied: Trace | None = field(default=None, repr=False)
    """A launch with only `allowed`, every call of it seen."""

    @property
    def calls(self) -> tuple[int, ...]:
        """The list as it is told. execve is in each: the filter is there before the program is."""
        return tuple(sorted({*self.allowed, EXECVE}))


Progress = Callable[[Found], None]


def minimize(oracle: Oracle, *, exact: bool, progress: Progress = lambda found: None) -> Found:
    """Raises LabsError where the program cannot be judged, and KeyboardInterrupt only before anything is found."""
    search = _Search(oracle, progress)
    try:
        search.run(exact)
    except KeyboardInterrupt:
        search.found.interrupted = True
    search.tell(search.found.stage)
    return search.found


class _Search:
    def __init__(self, oracle: Oracle, progress: Progress) -> None:
        self._oracle = oracle
        self._progress = progress
        self._began = time.monotonic()
        self._trace = oracle.watch()
        self.found = Found(frozenset(self._trace.first) - {EXECVE}, trace=self._trace)

    def tell(self, stage: str) -> None:
        self.found.stage = stage
        self.found.launches, self.found.seconds = self._oracle.launches, time.monotonic() - self._began
        self._progress(self.found)

    def run(self, exact: bool) -> None:
        self.tell("trace")
        needed = self._needed()
        if self._oracle.action == KILL:
            self._confirm(self.found.allowed)
            self._reduced(self.found.allowed, needed)
        else:
            self._reduced(self._grown(), needed)
        self.found.is_minimal = True
        self.found.proved = self._oracle.action == KILL and self.found.allowed == needed
        if exact and not self.found.proved:
            self._smallest(needed)
            self.found.is_minimal = self.found.proved = True
        if self._oracle.action != KILL:
            self.found.denied = self._oracle.replay(self.found.calls)

    def _needed(self) -> frozenset[int]:
        """The calls that need no proof."""
        return frozenset(self._trace.alone) if self._oracle.action == KILL else frozenset()

    def _confirm(self, allowed: Collection[int]) -> None:
        """What was found by watching holds without a watcher too. Raises LabsError for a program that changes."""
        if not self._oracle.works(allowed):
            raise LabsError("minimize-differs")

    def _grown(self) -> tuple[int, ...]:
        """A set that works, the latest found call first."""
        allowed: list[int] = []
        while len(allowed) < len(self.found.allowed):
            self.tell("grow")
            works, trace = self._oracle.probe(allowed, (), ENOSYS)
            if works:
                if self._oracle.works(allowed):
                    self.found.allowed = frozenset(allowed)
                    return tuple(reversed(allowed))
                break
            if not trace.last:
                break
            allowed.append(self._culprit(list(trace.last)))
        self._confirm(self.found.allowed)
        return tuple(self.found.allowed)

    def _culprit(self, denied: list[int]) -> int:
        """The call whose denial the program did not survive: the last before it did what it never does, such as telling
        of an error, or else the last."""
        for place, call in enumerate(denied[1:]):
            if call not in self._trace.first:
                return denied[place]
        return denied[-1]

    def _reduced(self, start: Collection[int], needed: Collection[int]) -> None:
        """Leaves calls out until none can be. Where one was, all are tried again: a call can be of use only where
        another is denied."""
        allowed, tried = frozenset(start), set(needed)
        while untried := [call for call in start if call in allowed and call not in tried]:
            for call in untried:
                self.tell("reduce")
                if self._oracle.works(allowed - {call}):
                    allowed, tried = allowed - {call}, set(needed)
                    self.found.allowed = allowed
                else:
                    tried.add(call)

    def _smallest(self, needed: Collection[int]) -> None:
        """The tree of the module's text, depth first. Under KILL the calls not yet decided are done, otherwise they are
        denied: either way the launch goes on."""
        kills = self._oracle.action == KILL
        nodes: list[tuple[frozenset[int], frozenset[int]]] = [(frozenset(), frozenset())]
        while nodes:
            allowed, denied = nodes.pop()
            if self._bound(allowed) >= len(self.found.allowed):
                continue
            self.tell("exact")
            path = self._launched(allowed, denied, kills)
            for place, call in enumerate(path):
                before = frozenset(path[:place])
                if kills:
                    if call not in needed:
                        nodes.append((allowed | before, denied | {call}))
                elif self._bound(allowed | {call}) < len(self.found.allowed):
                    nodes.append((allowed | {call}, denied | before))

    def _bound(self, allowed: frozenset[int]) -> int:
        """A list that works and has `allowed` in it has at least so many calls."""
        return len(allowed) + sum(not must & allowed for must in self._oracle.musts)

    def _launched(self, allowed: frozenset[int], denied: frozenset[int], kills: bool) -> list[int]:
        """The calls that a launch makes besides; what works and is smaller is kept."""
        if not kills and len(allowed) + 1 == len(self.found.allowed) == self._bound(allowed) + 1:
            if self._oracle.works(allowed):  # nothing below it can be smaller than the best
                self._better(allowed)
            return []
        works, trace = self._oracle.probe(allowed, denied, None if kills else ENOSYS)
        path = [call for call in trace.first if call != EXECVE]
        whole = allowed | frozenset(path) if kills else allowed
        if works and len(whole) < len(self.found.allowed) and self._oracle.works(whole):
            self._better(whole)
        return path

    def _better(self, allowed: frozenset[int]) -> None:
        """Until the tree has been seen to its end, a call of it might be left out."""
        self.found.allowed, self.found.is_minimal = allowed, False
