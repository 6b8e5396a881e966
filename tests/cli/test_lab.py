"""`./lab`: sets up what a machine lacks, once, and then is the command. The package manager is a pretended one; the
virtual environment is real, made from empty lock files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TOOLS = [
    "awk",
    "cat",
    "chmod",
    "cmp",
    "cp",
    "dirname",
    "flock",
    "grep",
    "mkdir",
    "mktemp",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "sh",
    "sleep",
    "sort",
    "tail",
    "tr",
    "uname",
]
COMMAND = "import os, sys\nprint(sys.argv[1:], os.getcwd(), sys.executable, sep='|')\n"
CHAPTER = 'number = 1\npackages = [\n  "strace", # traces\n  "tree"]\ntitle = "x"\n'

pytestmark = pytest.mark.skipif(
    subprocess.run(["/usr/bin/python3", "-c", "import ensurepip, sys; assert sys.version_info >= (3, 11)"]).returncode
    != 0,
    reason="/usr/bin/python3 cannot make virtual environments here (Debian: python3-venv)",
)


class Machine:
    """A machine to run ./lab on: a checkout, a home, and the programs of its PATH."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "a checkout"
        self.home = folder / "home"
        self.programs = folder / "programs"
        self.installed = folder / "installed"
        self.log = folder / "log"

    def make(self) -> None:
        for place in (self.checkout / "labs", self.checkout / "lablib", self.home, self.programs):
            place.mkdir(parents=True)
        (self.checkout / "content/01-cgroups").mkdir(parents=True)
        (self.checkout / "content/01-cgroups/chapter.toml").write_text(CHAPTER)
        shutil.copy(PROJECT / "lab", self.checkout)
        shutil.copy(PROJECT / "lablib/packages.txt", self.checkout / "lablib")
        for lock in ("requirements.lock", "requirements-dev.lock"):
            (self.checkout / lock).write_text("# nothing\n")
        (self.checkout / "labs/__main__.py").write_text(COMMAND)
        self.installed.write_text("")
        for tool in TOOLS:
            (self.programs / tool).symlink_to(str(shutil.which(tool)))
        self.program("id", "echo 0")
        self.program("dpkg-query", f"while read -r p; do echo \"ii $p\"; done <'{self.installed}'; exit 1")
        self.program(
            "apt-get",
            f"echo \"apt-get $*\" >>'{self.log}'",
            "for word; do case $word in -* | *::* | update | install) ;; *)",
            "    case $word in refused) echo 'E: no such package' >&2; exit 100 ;; esac",
            f"    echo \"$word\" >>'{self.installed}' ;; esac; done",
        )

    def program(self, name: str, *lines: str) -> None:
        (self.programs / name).write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
        (self.programs / name).chmod(0o755)

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self.programs), "HOME": str(self.home), "LANG": "C.UTF-8", **more}

    def lab(self, *words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(self.checkout / "lab"), *words],
            env=self.environment(**environment),
            cwd=cwd or self.home,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "bare")
    machine.make()
    return machine


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, subprocess.CompletedProcess[str]]:
    machine = Machine(tmp_path_factory.mktemp("first"))
    machine.make()
    return machine, machine.lab("list", "--json")


@pytest.fixture
def used(first_run: tuple[Machine, object], tmp_path: Path) -> Machine:
    """A machine on which ./lab ran before."""
    machine = Machine(tmp_path / "used")
    machine.make()
    before = first_run[0]
    shutil.copytree(before.checkout, machine.checkout, symlinks=True, dirs_exist_ok=True)
    shutil.copy(before.installed, machine.installed)
    return machine


def test_the_first_run_installs_makes_the_environment_and_runs_the_command(
    first_run: tuple[Machine, subprocess.CompletedProcess[str]],
) -> None:
    machine, done = first_run
    words, cwd, python = done.stdout.strip().split("|")
    assert (done.returncode, words, cwd) == (0, "['list', '--json']", str(machine.home)), done.stderr
    assert python == str(machine.checkout / ".venv/bin/python")
    update, install = machine.calls()
    assert update.endswith("update")
    assert "user-mode-linux" in install or os.uname().machine != "x86_64"
    assert "strace" not in install, "packages of a chapter wait for the chapter"
    assert len(done.stderr.splitlines()) == 2, done.stderr


def test_the_second_run_starts_no_program_but_python(used: Machine) -> None:
    done = used.lab("list", PATH="/nonexistent")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("['list']|")


def test_it_is_found_through_a_symbolic_link_and_leaves_the_current_folder(used: Machine, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/first").symlink_to(used.checkout / "lab")
    (tmp_path / "bin/lab").symlink_to("first")
    done = subprocess.run(
        [str(tmp_path / "bin/lab"), "check", "--script", "a file"],
        env=used.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(f"['check', '--script', 'a file']|{tmp_path}|"), done.stderr


def test_a_chapters_packages_are_installed_when_it_is_first_used(used: Machine) -> None:
    done = used.lab("--lang", "en", "check", "cgroups/memory-only", "--script", "my.sh")
    assert done.returncode == 0
    assert "installing with apt-get: strace tree" in done.stderr
    assert used.calls()[-1].endswith("strace tree")
    again = used.lab("start", "cgroups", PATH="/nonexistent")
    assert (again.returncode, again.stderr) == (0, "")


def test_grading_gets_what_the_tasks_of_every_chapter_need(used: Machine) -> None:
    used.lab("grade", "submissions", "--out", "results")
    assert used.calls()[-1].endswith("strace tree")


def test_nothing_is_installed_when_everything_is_there(used: Machine) -> None:
    used.installed.write_text(used.installed.read_text() + "strace\ntree\n")
    done = used.lab("start", "cgroups")
    assert (done.stderr, used.calls()) == ("", [])


def test_a_changed_lock_file_brings_the_environment_up_to_date(used: Machine) -> None:
    lock = used.checkout / "requirements.lock"
    lock.write_text("# nothing else\n")
    assert "setting up" in used.lab("list").stderr
    assert used.lab("list").stderr == ""
    os.utime(lock, (0, 0))
    assert used.lab("list").stderr == "", "another time alone is no change"


def test_a_set_up_that_was_cut_off_is_begun_anew(used: Machine) -> None:
    (used.checkout / ".venv/ready/requirements.lock").unlink()
    shutil.rmtree(used.checkout / ".venv/lib")
    done = used.lab("list")
    assert (done.returncode, "setting up" in done.stderr) == (0, True)
    assert (used.checkout / ".venv/lib").exists()


def test_a_python_that_is_gone_is_replaced(used: Machine) -> None:
    python = used.checkout / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nonexistent/python3.10")
    assert used.lab("list").returncode == 0
    assert os.access(python, os.X_OK)


def test_two_at_once_set_up_once(bare: Machine) -> None:
    command = ["/bin/sh", str(bare.checkout / "lab"), "list"]
    runs = [
        subprocess.Popen(command, env=bare.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ends = [run.communicate(timeout=120) for run in runs]
    assert all(out.startswith("['list']|") for out, _ in ends), ends
    assert sorted(len(err.splitlines()) for _, err in ends) == [0, 2]
    assert len(bare.calls()) == 2


def test_an_ordinary_user_is_asked_through_sudo(used: Machine) -> None:
    used.program("id", "echo 1000")
    used.program("sudo", f"echo \"sudo $1\" >>'{used.log}'", 'exec "$@"')
    done = used.lab("start", "cgroups")
    assert "installing with apt-get (through sudo): strace tree" in done.stderr
    assert used.calls()[0] == "sudo sh"
    assert used.lab("start", "cgroups", PATH="/nonexistent").returncode == 0


def test_without_root_and_sudo_it_says_what_root_is_to_run_and_goes_on(used: Machine) -> None:
    used.program("id", "echo 1000")
    done = used.lab("start", "cgroups")
    assert "apt-get install --no-install-recommends strace tree" in done.stderr
    assert done.stdout.startswith("['start', 'cgroups']|")


def test_a_package_that_cannot_be_had_does_not_keep_the_others_out(used: Machine) -> None:
    (used.checkout / "content/01-cgroups/chapter.toml").write_text('packages = ["refused","tree"]\n')
    done = used.lab("start", "cgroups")
    assert "missing on this machine: refused." in done.stderr
    assert "no such package" in done.stderr
    assert "tree" in used.installed.read_text().split()
    assert done.stdout.startswith("['start', 'cgroups']|")


def test_without_apt_it_names_the_programs_and_goes_on(used: Machine) -> None:
    for name in ("apt-get", "dpkg-query"):
        (used.programs / name).unlink()
    (used.checkout / "content/01-cgroups/chapter.toml").write_text('packages = ["iproute2", "tree", "manpages"]\n')
    used.program("unshare")
    used.program("tree")
    done = used.lab("start", "cgroups")
    missing = done.stderr.partition("missing on this machine: ")[2].partition(". ")[0]
    assert set(missing.split()) >= {"ps", "ip"}
    assert not {"tree", "unshare", "manpages", "procps"} & set(missing.split())
    assert done.stdout.startswith("['start', 'cgroups']|")


def test_a_checkout_that_cannot_be_written_to_has_its_environment_in_the_cache(bare: Machine) -> None:
    (bare.checkout / ".venv").write_text("in the way, also of root")
    done = bare.lab("list", XDG_CACHE_HOME=str(bare.home / "cache"))
    python = Path(done.stdout.strip().split("|")[2])
    assert python == Path(f"{bare.home}/cache/container-labs{bare.checkout}/.venv/bin/python"), done.stderr
    again = bare.lab("list", XDG_CACHE_HOME=str(bare.home / "cache"), PATH="/nonexistent")
    assert (again.returncode, again.stderr) == (0, "")


def test_where_nothing_can_be_written_the_systems_python_runs_the_command(bare: Machine) -> None:
    (bare.checkout / ".venv").write_text("in the way")
    (bare.home / "file").write_text("in the way")
    done = bare.lab("list", XDG_CACHE_HOME=str(bare.home / "file"))
    words, _, python = done.stdout.strip().split("|")
    assert (words, Path(python).parent) == ("['list']", Path("/usr/bin"))
    assert "can be written to" in done.stderr


def test_it_speaks_chinese_where_the_locale_does(used: Machine) -> None:
    assert "正在用 apt-get 安装：strace tree" in used.lab("start", "cgroups", LANG="zh_CN.UTF-8").stderr


def test_the_tests_get_what_they_need_and_their_arguments(used: Machine) -> None:
    pytest_module = "import os, sys; print('pytest', sys.argv[1:], os.getcwd(), sep='|')"
    (used.checkout / "pytest.py").write_text(pytest_module)
    done = used.lab("test", "-k", "a b")
    assert done.stdout.strip() == f"pytest|['-k', 'a b']|{used.checkout}", done.stderr
    assert {"strace", "tree", "cgroup-tools"} <= set(used.installed.read_text().split())
    assert (used.checkout / ".venv/ready/requirements-dev.lock").exists()
