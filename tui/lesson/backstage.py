"""The machine's side of the lesson: all that waits, waits here in named threads, and comes back as messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from time import monotonic

from textual.message_pump import MessagePump

from lablib.attach.server import ControlSocket
from lablib.course.model import Chapter, Step, Task
from lablib.errors import LabsError, MachineError
from lablib.machine.base import Machine, Shell, Size, View, Watch
from lablib.needs import blocking
from lablib.player import Player
from lablib.scene import set_scene
from lablib.session.cast import Cast, CastShell
from lablib.session.recording import Recorded, any_recording
from lablib.session.session import Session
from lablib.session.typed import APPEND, BEGIN, END, keeping, note_turn
from tui.lesson import news
from tui.threads import hand_over, post, start

LOST = "machine-gone"
"""The key of the error after which a machine is of no more use. One that does not answer may be slow: who tires of it
resets it."""
NO_ANSWER = {LOST, "machine-silent"}
"""Keys of the errors of a machine of which nothing can be kept any more than was."""
OPEN_ENDS = 10.0
"""Seconds that closing waits for an opening that it has just interrupted."""
NOTES_END = 2.0
"""Seconds that closing waits for what is still to be noted."""
UP_SECONDS = 90.0
"""How long another terminal waits for a machine that is coming up."""
KEEP_SECONDS = 2.0
"""Between two looks at whether there is something new in `~/lab` to keep."""


class Backstage:
    """Opens, plays steps, sets scenes, watches, keeps the student's work, resets and closes. Its methods return at once
    where they do not say otherwise; news go to `target`."""

    def __init__(self, target: MessagePump, factory: Callable[[], Machine], cast: Cast | None = None) -> None:
        """What the shell shows goes into `cast` too, if there is one."""
        self._target = target
        self._cast = cast
        self._session: Session | None = None
        self._player: Player | None = None
        self._view_over = threading.Event()
        self._factory = factory
        self._machine: Machine | None = None
        self._lock = threading.Lock()
        self._scene = threading.Lock()
        self._closing = threading.Event()
        self._turn = 0
        self._leave: Callable[[], None] | None = None
        self._turn_over = threading.Event()
        self._opener: threading.Thread | None = None
        self._bringing = threading.Lock()
        self._settled = threading.Event()
        self._replaced = threading.Event()
        self._socket: ControlSocket | None = None
        self._notes: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._noter: threading.Thread | None = None

    def offer(self, chapter: str) -> None:
        """Lets other terminals in once `open` is called: `labs shell` and `labs reset` for the lesson of `chapter`."""
        self._socket = ControlSocket(chapter, self.shell_when_up, self.reset_now)

    def open(self) -> None:
        """Brings a machine up, in place of one that failed."""
        self._settled.clear()
        self._opener = start("machine-open", self._open)

    def reset(self) -> None:
        """Brings a fresh machine up in place of this one, with the same `~/lab`."""
        self._opener = start("machine-reset", lambda: _posted(self.reset_now))

    def reset_now(self) -> float:
        """The same, waiting for it: for threads only. Returns the seconds it took. Raises what keeps the work from
        being kept, and then nothing has changed, or what keeps a machine from coming up. All of it is posted too."""
        with self._bringing:
            began = monotonic()
            self._keep_last()
            self._settled.clear()
            self._session = None
            post(self._target, news.MachineResetting())
            self.end_turn()
            self._bring_up()
            return monotonic() - began

    def shell(self, size: Size) -> Shell:
        """A shell of the machine, in which steps are played from now on. Waits: for threads only. Raises
        MachineError."""
        machine = self._up()
        self._session, self._player = Session(machine, size), None
        return CastShell(self._session, self._cast, size) if self._cast else self._session

    def play(self, chapter: Chapter, step: Step) -> None:
        """Types `step` of `chapter` into the shell; `StepPlayed` or `StepFailed` follows."""
        start(f"step-{step.id}", lambda: self._play_step(chapter, step))

    def view(self, name: str) -> None:
        """Looks at the machine by the view `name` from now on, or no more where that is empty; `Seen` follows whenever
        it has changed."""
        with self._lock:
            self._view_over.set()
            self._view_over = over = threading.Event()
        if name:
            start("view", lambda: self._look(name, over))

    def look_for_packages(self, chapter: Chapter) -> None:
        """`Missing` follows if this machine lacks packages that `chapter` uses."""
        start("packages", lambda: self._look_for_packages(chapter))

    def note(self, write: Callable[[], None]) -> None:
        """Does `write`, which keeps something on a disk that may be slow, after those before it; `Trouble` follows if
        it fails."""
        self._notes.put(write)
        if self._noter is None:
            self._noter = start("notes", self._write_notes)

    def shell_when_up(self, size: Size) -> Shell:
        """A shell for another terminal: no step is played in it. Waits also for a machine that is coming up."""
        self._settled.wait(UP_SECONDS)
        machine = self._up()
        typed = keeping(machine.capabilities.work_folder) | {"PROMPT_COMMAND": APPEND}
        return machine.shell(size, environment=typed)

    def begin(self, task: Task) -> int:
        """Sets the scene of `task` and watches it instead of the one before. Returns the number of this turn."""
        self.end_turn()
        with self._lock:
            self._turn += 1
            self._turn_over = over = threading.Event()
            turn = self._turn
        start(f"task-{task.id}", lambda: self._play(task, turn, over))
        return turn

    def close(self) -> None:
        """Takes the machine away; `MachineClosed` follows."""
        start("machine-close", self._close)

    def close_now(self) -> None:
        """The same, waiting for it; for when there is no screen left to tell. Raises what the machine raises."""
        self._closing.set()
        self.end_turn()
        if self._socket is not None:
            self._socket.close()
        _posted(self._keep_last)  # the machine goes all the same
        with self._lock:
            machine = self._machine
            self._replaced.set()
        if machine is not None:
            machine.close()
        self._notes.put(None)
        for thread, patience in ((self._opener, OPEN_ENDS), (self._noter, NOTES_END)):
            if thread is not None:
                thread.join(patience)

    def _up(self) -> Machine:
        if self._machine is None:
            raise MachineError("machine-gone")
        return self._machine

    def _open(self) -> None:
        with self._bringing:
            self._let_in()
            _posted(self._bring_up)

    def _let_in(self) -> None:
        if self._socket is None or self._socket.is_open:
            return
        try:
            self._socket.open()
        except LabsError as error:
            post(self._target, news.Trouble(error))
            self._socket = None

    def _bring_up(self) -> None:
        """A machine in place of the one that may be there. Raises what the machine raises, having posted it."""
        began = monotonic()
        try:
            with self._lock:
                if self._closing.is_set():
                    return
                before, self._machine = self._machine, None
                self._replaced.set()
                self._replaced = replaced = threading.Event()
            if before is not None:
                before.close()
            machine = self._factory()
            with self._lock:
                self._machine = machine
                if self._closing.is_set():
                    return
            capabilities = machine.open()
        except Exception as error:  # shown on the screen, whatever it is
            post(self._target, news.MachineFailed(error))
            raise
        finally:
            if self._closing.is_set() and self._machine is not None:
                self._machine.close()
            self._settled.set()
        post(self._target, news.MachineReady(capabilities, monotonic() - began))
        start("work-keeper", lambda: self._keep(machine, replaced))

    def _keep(self, machine: Machine, replaced: threading.Event) -> None:
        """Keeps the work of `machine`, whenever it has changed, until another one is in its place or it is lost."""
        said = ""
        while not replaced.wait(KEEP_SECONDS):
            try:
                machine.save_work()
                said = ""
            except Exception as error:  # shown on the screen, whatever it is
                key = error.key if isinstance(error, LabsError) else str(error)
                if key == LOST:
                    if not replaced.is_set():
                        post(self._target, news.MachineLost(error))
                    return
                if key != said:
                    post(self._target, news.Trouble(error))
                said = key

    def _keep_last(self) -> None:
        """Keeps the work of a machine that is to go; of one without an answer, what was kept before is all there is.
        Raises what keeps it from being kept, having posted it."""
        with self._lock:
            machine = self._machine
        try:
            if machine is not None:
                machine.save_work()
        except Exception as error:
            if not isinstance(error, LabsError) or error.key not in NO_ANSWER:
                post(self._target, news.Trouble(error))
                raise

    def _play_step(self, chapter: Chapter, step: Step) -> None:
        try:
            if self._session is None:
                raise MachineError("machine-gone")
            if self._cast is not None:
                self._cast.marker(step.id)
            self._player = self._player or Player(chapter, self._up(), self._session)
            played = self._player.play(step)
        except Exception as error:  # shown at the step, whatever it is
            post(self._target, news.StepFailed(step.id, error))
        else:
            post(self._target, news.StepPlayed(played, None if played.as_declared else _recorded(chapter, step)))

    def _look(self, name: str, over: threading.Event) -> None:
        try:
            view = self._up().view(name)
            start("view-close", lambda: _close_after(over, view))
            for rows in view:
                if not hand_over(self._target, news.Seen(name, rows), over):
                    return
        except Exception as error:  # said on the screen, whatever it is
            if not over.is_set():
                post(self._target, news.Trouble(error))
        finally:
            over.set()

    def _look_for_packages(self, chapter: Chapter) -> None:
        from lablib.packages import missing_packages  # as dear as all of this

        if missing := missing_packages(chapter.packages):
            post(self._target, news.Missing(" ".join(missing)))

    def _write_notes(self) -> None:
        while (write := self._notes.get()) is not None:
            try:
                write()
            except Exception as error:  # said on the screen, whatever it is
                post(self._target, news.Trouble(error))

    def _play(self, task: Task, turn: int, over: threading.Event) -> None:
        try:
            with self._scene:  # two scenes at once would set neither
                machine = self._machine
                if over.is_set() or machine is None:
                    return
                if blocked := blocking(machine, task):
                    hand_over(self._target, news.Checked(turn, (blocked,)), over)
                    return
                note_turn(machine, BEGIN, task.id)
                set_scene(machine, task)
            watch = machine.watch(task.id)
            with self._lock:
                self._leave = partial(_leave, machine, task.id, watch) if not over.is_set() else None
            if over.is_set():
                watch.close()
                return
            for results in watch:
                if not hand_over(self._target, news.Checked(turn, results), over):
                    return
            if not over.is_set():  # a watch that nobody closed ends only with its machine
                post(self._target, news.TurnFailed(turn, MachineError("machine-gone")))
        except Exception as error:  # shown on the card, whatever it is
            if not over.is_set():
                post(self._target, news.TurnFailed(turn, error))

    def end_turn(self) -> None:
        """Watches no task any more."""
        with self._lock:
            self._turn_over.set()
            leave, self._leave = self._leave, None
        if leave is not None:
            start("watch-close", leave)

    def _close(self) -> None:
        try:
            self.close_now()
        except Exception as error:  # said after the screen has closed
            post(self._target, news.MachineClosed(error))
        else:
            post(self._target, news.MachineClosed(None))


def _leave(machine: Machine, task: str, watch: Watch) -> None:
    watch.close()
    with suppress(MachineError):  # a machine that is lost, or goes with its lesson
        note_turn(machine, END, task)


def _recorded(chapter: Chapter, step: Step) -> Recorded | None:
    """What `step` once did; None also where that cannot be read, which keeps nobody from going on."""
    try:
        recording = any_recording(chapter.folder)
    except LabsError:
        return None
    return recording.steps.get(step.id) if recording else None


def _close_after(over: threading.Event, view: View) -> None:
    over.wait()
    view.close()


def _posted(work: Callable[[], object]) -> None:
    """Does `work`, which has posted what it raises."""
    with suppress(Exception):
        work()
