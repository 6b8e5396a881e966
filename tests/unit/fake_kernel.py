"""A /proc and a cgroup tree of plain files, for checks that only read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from lablib.course.index import chapter_folders
from lablib.course.structure import read_structures
from lablib.i18n import CHECK_MESSAGES, LANGUAGES, catalogue
from lablib.kernel.cgroup2 import Cgroup
from lablib.kernel.inside import Inside
from lablib.kernel.procfs import ProcFS
from lablib.parameters import Values, defaults
from lablib.verdict import REGISTRY, Context, Result, Verdict

EVERYTHING = "cpu io memory pids"


@cache
def course_parameters(task: str) -> Values:
    """What the parameters of `task` are by themselves."""
    content = Path(__file__).parents[2] / "content"
    chapters = read_structures(map(Path, chapter_folders(str(content))))
    return defaults(next(one.parameters for chapter in chapters for one in chapter.tasks if one.id == task))


def judge(task: str, context: Context) -> dict[str, Result]:
    """What each check of `task` says; none breaks, and every sentence has all it speaks of."""
    context = replace(context, parameters=context.parameters or course_parameters(task))
    found = {result.id: result for result in REGISTRY.run(task, context)}
    for result in found.values():
        assert result.verdict is not Verdict.ERROR, result.actual
        for language in LANGUAGES if result.key else ():
            assert catalogue(language, CHECK_MESSAGES).text(result.key, **result.params)
    return found


@dataclass
class FakeKernel:
    """Make cgroups and processes; then ask for the context that checks see."""

    folder: Path
    depth: int = 0
    remembered: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "proc").mkdir()
        (self.folder / "files").mkdir()
        self.cgroup("", controllers=EVERYTHING, gives=EVERYTHING)

    def cgroup(self, name: str, controllers: str = EVERYTHING, gives: str = "", type: str = "domain") -> Path:
        path = self.folder / "cgroup" / name
        path.mkdir(parents=True, exist_ok=True)
        files = {
            "cgroup.controllers": controllers, "cgroup.subtree_control": gives, "cgroup.procs": "",
            "cgroup.type": type, "cgroup.events": "populated 0\nfrozen 0",
        }  # fmt: skip
        for file, text in files.items():
            (path / file).write_text(text + "\n" if text else "")
        return path

    def process(
        self, pid: int, name: str = "sleep", arguments: str = "sleep 1d", cgroup: str = "", state: str = "S",
        shown: int | None = None, program: str | None = None,
    ) -> None:  # fmt: skip
        """`program` is the name of the file that it executes, where that is not its own."""
        path = self.folder / "proc" / str(pid)
        path.mkdir(exist_ok=True)
        (path / "comm").write_text(f"{name}\n")
        (path / "cmdline").write_text("".join(f"{word}\0" for word in arguments.split()))
        (path / "exe").unlink(missing_ok=True)
        (path / "exe").symlink_to(f"/usr/bin/{program or name}")
        (path / "stat").write_text(f"{pid} ({name}) {state} " + " ".join(str(n) for n in range(4, 53)) + "\n")
        (path / "status").write_text(f"Name:\t{name}\nNSpid:\t{pid}" + (f"\t{shown}" if shown else "") + "\n")
        (path / "cgroup").write_text(f"0::/{cgroup}\n")
        with (self.folder / "cgroup" / cgroup / "cgroup.procs").open("a") as procs:
            procs.write(f"{pid}\n")
        events = self.folder / "cgroup" / cgroup / "cgroup.events"
        events.write_text(events.read_text().replace("populated 0", "populated 1"))

    def context(self) -> Context:
        proc = ProcFS(self.folder / "proc", self.depth)
        return Context(proc, Cgroup(self.folder / "cgroup"), self.remembered, Inside(self.folder / "files"))
