"""Setting the state that a task or a step starts from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lablib.course.model import Task
from lablib.errors import MachineError
from lablib.machine.base import Machine
from lablib.parameters import Values

SCENE_SECONDS = 30.0
_SAID = 2000


def set_scene(machine: Machine, task: Task, measuring: Callable[[], None] | None = None) -> None:
    """Runs the scene of `task`, if it has one, and lets the checks remember what they need of it. A scene may be set
    again. What must be measured of the machine, and is not known yet, is measured here when there is a `measuring` to
    be called first, since it takes minutes; otherwise the checks have it done while the student is at work. Raises
    MachineError, also when the scene itself fails: that is our fault."""
    if task.scene is not None:
        run_scene(machine, task.scene, task.id, task.parameters)
    if order := machine.remember(task.id, task.parameters):
        from lablib import measures  # which hashes files, for the few tasks that need it

        measures.provide(machine, order, measuring)


def run_scene(machine: Machine, scene: Path, of: str, parameters: Values | None = None) -> None:
    """Runs the script `scene` of the task or step called `of`, as root in the student's world; `parameters` are
    variables of its environment. Raises MachineError."""
    text = scene.read_text("utf-8")
    argv = knowing(["/bin/sh", "-euc", text, scene.name], parameters)
    done = machine.run(argv, timeout=SCENE_SECONDS, limit=_SAID)
    if done.status != 0:
        said = (done.err or done.out).decode(errors="replace").strip()
        raise MachineError("scene-failed", task=of, reason=said or f"status {done.status}")


def knowing(argv: list[str], parameters: Values | None) -> list[str]:
    """`argv`, started with `parameters` among the variables of its environment."""
    return ["env", *(f"{name}={value}" for name, value in parameters.items()), *argv] if parameters else argv
