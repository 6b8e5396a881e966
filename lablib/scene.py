"""Setting the state a task starts from."""

from __future__ import annotations

from lablib.course.model import Task
from lablib.errors import MachineError
from lablib.machine.base import Machine

SCENE_SECONDS = 30.0
_SAID = 2000


def set_scene(machine: Machine, task: Task) -> None:
    """Runs the scene of `task`, if it has one, and lets the checks remember what they need of it. A scene may be set
    again. Raises MachineError, also when the scene itself fails: that is our fault."""
    if task.scene is not None:
        text = task.scene.read_text("utf-8")
        done = machine.run(["/bin/sh", "-euc", text, task.scene.name], timeout=SCENE_SECONDS, limit=_SAID)
        if done.status != 0:
            said = (done.err or done.out).decode(errors="replace").strip()
            raise MachineError("scene-failed", task=task.id, reason=said or f"status {done.status}")
    machine.remember(task.id)
