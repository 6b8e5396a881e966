"""Steps of a chapter on a real machine: what each needs first, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lablib.course.model import Block, Chapter, End, Prose, Step
from lablib.errors import MachineError
from lablib.machine.guest import GuestMachine
from lablib.player import Played, Player, Problem, perform
from lablib.session.recording import Recorded, Recording
from lablib.session.session import BusyError
from tests.guests import sh
from tests.sessions import SIZE, ReadSession

Play = Callable[[str], Played]


def chapter(*steps: Step, folder: Path = Path()) -> Chapter:
    blocks: tuple[Block, ...] = (Prose("Text."), *steps)
    return Chapter("made", 1, {"en": "Made", "zh": "造"}, (), (), (), {"en": blocks, "zh": blocks}, folder)


def played(machine: GuestMachine, *steps: Step, recording: Recording | None = None) -> list[Played]:
    return list(perform(chapter(*steps), machine, SIZE, recording))


def keys(one: Played) -> list[str]:
    return [problem.key for problem in one.problems]


def output(one: Played) -> str:
    assert one.outcome is not None, one
    return one.outcome.output


OUTER = Step("outer", "bash", End.ENTERED)
INNER = Step("inner", "unshare --user --map-root-user --pid --fork --mount-proc bash", End.ENTERED, inside="outer")
DEEP = Step("deep", "echo $$ $SHLVL", inside="inner", shows=("^1 3$",))
SHALLOW = Step("shallow", "echo $SHLVL", shows=("^1$",))
MIDDLE = Step("middle", "echo $SHLVL", inside="outer", shows=("^2$",))


@pytest.fixture
def play(shared_guest: GuestMachine, session: ReadSession) -> Play:
    """Plays a step of a chapter with shells in shells."""
    made = chapter(OUTER, INNER, DEEP, MIDDLE, SHALLOW)
    player = Player(made, shared_guest, session)
    steps = {step.id: step for step in (OUTER, INNER, DEEP, MIDDLE, SHALLOW)}
    return lambda name: player.play(steps[name])


# What a step needs first


def test_a_scene_is_set_before_its_step_each_time(
    shared_guest: GuestMachine, session: ReadSession, tmp_path: Path
) -> None:
    (tmp_path / "made.sh").write_text("rm -rf /tmp/made && mkdir /tmp/made\n")
    step = Step("look", "rmdir /tmp/made", scene=tmp_path / "made.sh")
    player = Player(chapter(step), shared_guest, session)
    for _ in range(2):
        assert player.play(step).as_declared
    assert sh(shared_guest, "ls -d /tmp/made").endswith("status=2")


def test_a_scene_that_fails_is_our_fault_and_nothing_is_typed(
    shared_guest: GuestMachine, session: ReadSession, tmp_path: Path
) -> None:
    (tmp_path / "bad.sh").write_text("echo no >&2; false\n")
    step = Step("look", "touch /tmp/typed", scene=tmp_path / "bad.sh")
    with pytest.raises(MachineError) as caught:
        Player(chapter(step), shared_guest, session).play(step)
    assert (caught.value.key, caught.value.params) == ("scene-failed", {"task": "look", "reason": "no"})
    assert "status=0" not in sh(shared_guest, "ls /tmp/typed")


def test_in_a_fresh_session_the_shells_a_step_belongs_in_are_opened(play: Play) -> None:
    assert play("deep").as_declared


def test_shells_that_are_deeper_are_left_and_missing_ones_opened(play: Play) -> None:
    for step in ("outer", "inner", "deep", "middle", "deep", "shallow", "middle", "deep", "deep", "shallow"):
        one = play(step)
        assert one.as_declared, (step, one)


def test_the_readers_own_shells_are_left(play: Play, session: ReadSession) -> None:
    assert play("middle").as_declared
    assert session.run("bash").end is End.ENTERED
    assert play("middle").as_declared
    session.run("exit")
    session.run("bash")  # as deep as the step's own, and not it
    session.run("mine=yes")
    assert play("middle").as_declared
    assert session.says("echo ${mine-no}") == "no"
    session.run("su - student")
    assert play("shallow").as_declared
    assert session.says("whoami") == "root"
    session.type("su - student\r")  # and at once
    assert play("shallow").as_declared
    assert session.says("whoami") == "root"


def test_stopped_jobs_do_not_keep_a_shell_open(play: Play, session: ReadSession) -> None:
    play("outer")
    session.run("sh -c 'kill -STOP $$'")
    assert play("shallow").as_declared


def test_a_shell_that_cannot_be_left_keeps_a_step_from_being_typed(play: Play, session: ReadSession) -> None:
    play("outer")
    session.run("exit() { echo no; }")
    with pytest.raises(BusyError) as caught:
        play("shallow")
    assert caught.value.key == "session-stays"


def test_a_step_is_not_typed_anywhere_else_when_its_shell_does_not_open(
    shared_guest: GuestMachine, session: ReadSession
) -> None:
    enter, inside = Step("enter", "true", End.ENTERED), Step("inside", "touch /tmp/typed", inside="enter")
    with pytest.raises(BusyError) as caught:
        Player(chapter(enter, inside), shared_guest, session).play(inside)
    assert (caught.value.key, caught.value.params) == ("session-not-entered", {"step": "enter"})
    assert "status=0" not in sh(shared_guest, "ls /tmp/typed")


@pytest.mark.parametrize("need", ["controller:nonsense", "feature:nonsense", "program:no-such-program", "systemd"])
def test_what_the_machine_lacks_is_named_and_the_step_not_run(
    shared_guest: GuestMachine, session: ReadSession, need: str
) -> None:
    enter = Step("enter", "bash", End.ENTERED, needs=(need,))
    inside = Step("inside", "true", inside="enter", needs=("controller:memory", need, "program:bash"))
    player = Player(chapter(enter, inside), shared_guest, session)
    for step in (enter, inside, replace(inside, needs=())):
        assert player.play(step) == Played(step, None, (need,))
    assert player.play(Step("able", "true", needs=("controller:memory", "program:bash"))).as_declared


# How it is judged


@pytest.mark.parametrize(
    ("step", "problems"),
    [
        (Step("a", "true"), []),
        (Step("a", "false", status=1), []),
        (Step("a", "false"), ["status"]),
        (Step("a", "true", status=1), ["status"]),
        (Step("a", "bash", End.ENTERED), []),
        (Step("a", "bash"), ["end"]),
        (Step("a", "true", End.ENTERED), ["end"]),
        (Step("a", "cat", End.WAITING), []),
        (Step("a", "sleep 9", seconds=0.5), ["end"]),
        (Step("a", "exit"), ["end"]),
        (Step("a", "echo one; echo two", shows=("^two$", "^o.e$")), []),
        (Step("a", "echo one", shows=("one", "two", "three")), ["shows", "shows"]),
        (Step("a", "echo one; exit", shows=("two",), status=3), ["end", "shows"]),
    ],
)
def test_a_step_is_judged_by_its_end_its_status_and_what_it_shows(
    shared_guest: GuestMachine, session: ReadSession, step: Step, problems: list[str]
) -> None:
    assert keys(Player(chapter(step), shared_guest, session).play(step)) == problems


def test_a_problem_tells_what_was_declared_and_what_happened(shared_guest: GuestMachine, session: ReadSession) -> None:
    player = Player(chapter(), shared_guest, session)
    assert player.play(Step("a", "(exit 3)", status=1)).problems == (
        Problem("status", {"expected": "1", "actual": "3"}),
    )
    assert player.play(Step("a", "cat")).problems == (
        Problem("end", {"expected": "exited", "actual": "waiting", "program": "cat"}),
    )


# A whole chapter


def test_a_chapter_is_played_in_one_shell_and_what_waits_is_ended(shared_guest: GuestMachine) -> None:
    steps = (
        Step("set", "value=kept; cd /tmp"),
        Step("wait", "cat", End.WAITING),
        Step("after", "echo $value $PWD", shows=("^kept /tmp$",)),
        OUTER,
        Step("page", "less /etc/passwd", End.WAITING, inside="outer"),
        Step("again", "echo ${value-gone} $SHLVL", inside="outer", shows=("^gone 2$",)),
    )
    done = played(shared_guest, *steps)
    assert [one.step for one in done] == list(steps)
    assert [one.problems for one in done] == [()] * len(steps)


def test_a_step_that_goes_wrong_does_not_take_the_next_with_it(shared_guest: GuestMachine) -> None:
    done = played(
        shared_guest,
        Step("hang", "sleep 60", seconds=0.5),
        Step("one", "echo one", shows=("one",)),
        Step("die", "kill -9 $$"),
        Step("two", "echo two", shows=("two",)),
        Step("enter", "true", End.ENTERED),
        Step("inside", "echo typed", inside="enter"),
        Step("cannot", "true", needs=("systemd",)),
        Step("three", "echo three", shows=("three",)),
    )
    assert [keys(one) for one in done] == [
        ["end"], [], ["end"], [], ["end"], ["session-not-entered"], [], [],
    ]  # fmt: skip
    assert done[6].lacking == ("systemd",)


def recorded(machine: GuestMachine, **outputs: str) -> Recording:
    steps = {name: Recorded(End.EXITED, 0, output) for name, output in outputs.items()}
    return Recording("guest", machine.capabilities.release, "Debian", "2026-01-01", 80, steps)


def test_on_the_same_kind_and_release_a_step_is_to_be_as_recorded(shared_guest: GuestMachine) -> None:
    steps = (Step("a", "echo one"), Step("b", "echo pid $$", varies=(r"pid \d+",)), Step("c", "echo new"))
    done = played(shared_guest, *steps, recording=recorded(shared_guest, a="two", b="pid 1"))
    assert done[0].problems == (Problem("not-as-recorded", {"then": "two", "now": "one"}),)
    assert [keys(one) for one in done[1:]] == [[], []]


@pytest.mark.parametrize("change", [{"kind": "host"}, {"release": "6.1.0-other"}])
def test_elsewhere_a_step_is_judged_by_what_it_declares(shared_guest: GuestMachine, change: dict[str, str]) -> None:
    recording = replace(recorded(shared_guest, a="two"), **change)  # type: ignore[arg-type]
    assert played(shared_guest, Step("a", "echo one"), recording=recording)[0].as_declared


def test_a_chapter_without_steps_has_nothing_to_play(shared_guest: GuestMachine) -> None:
    assert played(shared_guest) == []


def test_leaving_off_in_the_middle_closes_the_shell(shared_guest: GuestMachine) -> None:
    playing = perform(chapter(Step("a", "exec -a left-behind cat", End.WAITING)), shared_guest, SIZE)
    assert next(playing).outcome is not None
    assert "left-behind" in sh(shared_guest, "ps ax -o args")
    playing.close()  # type: ignore[attr-defined]
    assert "left-behind" not in sh(shared_guest, "sleep 0.3; ps ax -o args | grep -v grep")


def test_output_of_a_step_is_what_it_printed(shared_guest: GuestMachine) -> None:
    assert output(played(shared_guest, Step("a", "seq 3"))[0]) == "1\n2\n3"
