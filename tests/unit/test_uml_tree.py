"""From the package's file to the program: a small package, and a make that does what a kernel's would."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lablib.errors import LabsError
from lablib.uml.programs import ProgramFailed, Programs
from lablib.uml.report import Stage
from lablib.uml.tree import FRAGMENT, NEEDED, Tree, asked_for, lacking, with_core_id
from tests.unit.fake_make import fake_make

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="there is no dpkg here")
CPUINFO = """\
static int show_cpuinfo(struct seq_file *m, void *v)
{
\tint i = 0;
\tseq_printf(m, "processor\\t: %d\\n", i);
\tseq_printf(m, "fpu\\t\\t: %s\\n",
\t\t   str_yes_no(cpu_has(&boot_cpu_data, X86_FEATURE_FPU)));
\tseq_printf(m, "flags\\t\\t:");
}
"""


class Told:
    """A report that remembers."""

    def __init__(self) -> None:
        self.totals: list[tuple[Stage, int]] = []
        self.counts: list[int] = []
        self.at_three = threading.Event()

    def stage(self, stage: Stage, total: int = 0) -> None:
        self.totals.append((stage, total))

    def done(self, count: int) -> None:
        self.counts.append(count)
        if count == 3:
            self.at_three.set()

    def note(self, key: str, **params: str) -> None:
        pass


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setenv("PATH", f"{fake_make(tmp_path / 'bin', FRAGMENT)}:{os.environ['PATH']}")
    (tmp_path / "tree").mkdir()
    return Tree(tmp_path / "tree", Programs(tmp_path / "log"))


def test_the_total_is_what_make_would_compile(tree: Tree) -> None:
    told = Told()
    assert tree.compile(1, told) == 5
    assert told.totals == [(Stage.COMPILE, 5)]
    assert told.counts == [1, 2, 3, 4, 5]
    assert tree.kernel.read_text() == "kernel\n"


def test_a_compile_that_failed_says_why_and_goes_on_where_it_was(tree: Tree, tmp_path: Path) -> None:
    (tree.folder / "broken").touch()
    with pytest.raises(LabsError) as caught:
        tree.compile(1, Told())
    assert caught.value.key == "kernel-not-built"
    assert caught.value.params == {"reason": "c.c:1:1: error: that is no C", "log": str(tmp_path / "log")}
    assert "CC      a.o" in (tmp_path / "log").read_text()
    (tree.folder / "broken").unlink()
    told = Told()
    assert tree.compile(1, told) == 3
    assert told.totals == [(Stage.COMPILE, 3)]


def test_an_interrupted_compile_ends_with_its_children_and_goes_on_where_it_was(tree: Tree) -> None:
    (tree.folder / "slow").touch()
    told = Told()

    def interrupt() -> None:
        assert told.at_three.wait(30)
        time.sleep(0.5)  # until the next line is waited for: Ctrl-C rarely comes in the very moment of one
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        tree.compile(1, told)
    thread.join()
    assert not _sleepers(tree.folder)
    (tree.folder / "slow").unlink()
    assert tree.compile(1, Told()) == 3


def test_our_configuration_is_taken_and_what_the_source_lacks_is_named(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tree.configure() == []
    older = [line for line in FRAGMENT.read_text().splitlines() if line != "CONFIG_PSI=y"]
    (tmp_path / "older").write_text("\n".join(older))
    fake_make(tmp_path / "bin", tmp_path / "older")
    assert tree.configure() == ["PSI"]


def test_a_source_without_what_the_labs_need_is_refused(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "older").write_text("CONFIG_HOSTFS=y\n")
    fake_make(tmp_path / "bin", tmp_path / "older")
    with pytest.raises(LabsError) as caught:
        tree.configure()
    assert caught.value.key == "kernel-options"
    assert "MEMCG" in caught.value.params["options"].split()


def test_the_configuration_asks_for_all_that_is_needed() -> None:
    asked = asked_for(FRAGMENT.read_text().splitlines())
    assert set(NEEDED) <= set(asked)
    assert len(asked) == len(set(asked))


def test_what_is_lacking_is_what_is_not_switched_on() -> None:
    assert lacking(["A", "B", "C"], ["CONFIG_A=y", "# CONFIG_B is not set", "CONFIG_CC=y"]) == ["B", "C"]


@needs_dpkg
def test_a_package_is_unpacked_without_what_is_never_read(tmp_path: Path) -> None:
    source = tmp_path / "linux-source-7.3"
    for name in ("Makefile", "arch/um/a.c", "arch/x86/a.c", "arch/arm/a.c", "arch/arm/Kconfig", "drivers/gpu/x/a.c"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    made = tmp_path / "made"
    (made / "DEBIAN").mkdir(parents=True)
    (made / "DEBIAN/control").write_text(
        "Package: linux-source-7.3\nVersion: 1\nArchitecture: all\nMaintainer: Ada <ada@example.org>\nDescription: x\n"
    )
    (made / "usr/src").mkdir(parents=True)
    subprocess.run(["tar", "-C", tmp_path, "-czf", made / "usr/src/linux-source-7.3.tar.gz", source.name], check=True)
    subprocess.run(["dpkg-deb", "--build", made, tmp_path / "x.deb"], check=True, capture_output=True)
    tree = Tree(tmp_path / "tree", Programs(tmp_path / "log"))
    tree.unpack(tmp_path / "x.deb")
    found = sorted(str(path.relative_to(tree.folder)) for path in tree.folder.rglob("*") if path.is_file())
    assert found == ["Makefile", "arch/arm/Kconfig", "arch/um/a.c", "arch/x86/a.c"]
    assert {path.name for path in tmp_path.iterdir()} & {"tree.new", "package"} == set()


@needs_dpkg
def test_a_package_that_is_broken_leaves_no_tree(tmp_path: Path) -> None:
    (tmp_path / "x.deb").write_text("no package")
    tree = Tree(tmp_path / "tree", Programs(tmp_path / "log"))
    with pytest.raises(LabsError) as caught:
        tree.unpack(tmp_path / "x.deb")
    assert caught.value.key == "kernel-not-built"
    assert not tree.folder.exists()


def test_each_processor_is_a_core_of_its_own() -> None:
    changed = with_core_id(CPUINFO)
    assert changed is not None
    assert '\tseq_printf(m, "core id\\t\\t: %d\\n", i);\n\tseq_printf(m, "flags' in changed
    assert with_core_id(changed) == changed, "once is enough"


@pytest.mark.parametrize("part", ['"fpu', '"processor'])
def test_a_source_that_is_not_as_we_know_it_is_left_alone(part: str) -> None:
    assert with_core_id(CPUINFO.replace(part, '"other')) is None


def test_a_tree_without_the_file_is_built_without_the_change(tree: Tree) -> None:
    assert not tree.change()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed) as caught:
        Programs(tmp_path / "log").run(["no-such-program"])
    assert "no-such-program" in caught.value.reason


def test_a_program_ends_with_whoever_waits_for_it_however_that_ends(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from lablib.uml.programs import Programs; f = Path(sys.argv[1]); "
    code += "Programs(f / 'log').run(['sh', '-c', 'echo >begun; exec sleep 600'], folder=f)"
    waiting = subprocess.Popen([sys.executable, "-c", code, tmp_path])
    while not (tmp_path / "begun").exists():
        assert waiting.poll() is None
        time.sleep(0.02)
    waiting.kill()
    waiting.wait()
    assert _sleepers(tmp_path) == []


def _sleepers(folder: Path) -> list[str]:
    """Processes that work in `folder`; they may take a moment to end."""
    for _ in range(100):
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if process.joinpath("cwd").readlink() == folder:
                    found.append(process.name)
            except OSError:
                pass  # it has ended, or is not ours
        if not found:
            return []
        time.sleep(0.05)
    return found
