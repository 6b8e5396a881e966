"""The kernel as the distribution packages it, and its source, through apt: with lists of packages of our own, so that
newer suites of the same mirror can be looked into, nothing of the system's changes, and no root is needed. What is
fetched is verified by the system's keyring. Source: apt.conf(5), sources.list(5), apt-get(8)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from lablib.errors import LabsError
from lablib.uml.programs import ProgramFailed, Programs

NEWER = {"debian": ("stable", "{stable}-backports"), "ubuntu": ("devel",)}
"""Of each distribution, the suites that may have a newer source than a machine's own. What is in braces stands for the
codename of that suite: of `stable-backports` itself many a mirror has an old copy."""
_HELPER = "/usr/lib/apt/apt-helper"
_PACKAGE = re.compile(r"linux-source-\d+(\.\d+)+")
_IMAGE = re.compile(r"^Depends: (linux-image-[a-z0-9.+-]+)", re.MULTILINE)
_CODENAME = re.compile(r"[a-z][a-z0-9-]*")
_STATUS = Path("/var/lib/dpkg/status")
_KEYRINGS = Path("/usr/share/keyrings")
_WATCH_SECONDS = 0.3
_CONFIGURATION = """\
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "{folder}";
Dir::State::status "{status}";
Dir::Cache "{folder}";
APT::Sandbox::User "root";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Retries "2";
"""
"""For root, too, apt works as who it is: its own user may not enter a private folder. And what nobody else writes to
needs no lock."""


class Source(NamedTuple):
    """A version of a package with the kernel's source, or with a kernel."""

    package: str
    version: str
    suite: str
    """The mirror and suite that offer it."""


class Archive(NamedTuple):
    """A package as the mirror has it."""

    uri: str
    name: str
    size: int
    """Bytes."""
    digest: str
    """Of its content, which the signed list of packages names; such as `SHA256:…`."""


class Apt:
    """An apt of our own in `folder`, which reads `sources`, lines of a sources.list(5)."""

    def __init__(self, folder: Path, sources: Iterable[str], programs: Programs) -> None:
        self._folder = folder
        self._sources = list(sources)
        self._archives = folder / "archives"
        self._programs = programs
        for needed in (folder / "lists/partial", self._archives / "partial"):
            needed.mkdir(parents=True, exist_ok=True)
        status = _STATUS if _STATUS.exists() else "/dev/null"
        configuration = _CONFIGURATION.format(folder=folder, status=status)
        (folder / "apt.conf").write_text(configuration, encoding="utf-8")

    def find(self, package: str = "") -> Source:
        """The newest source there is, or that of `package`. A suite that cannot be had or verified is left out. Raises
        LabsError: `source-none` with what apt said, `source-unknown` with the packages there are."""
        said = self._update()
        found = self._found()
        if not found:
            raise LabsError("source-none", reason=said or "apt-cache: linux-source-*")
        newest = max(found, key=release_numbers)
        if package and package not in found:
            raise LabsError("source-unknown", package=package, known=", ".join(sorted(found, key=release_numbers)))
        return found[package or newest]

    def kernel(self, package: str) -> Source:
        """The package of a kernel that `package` stands for, which is always of the newest. Raises LabsError."""
        said = self._update()
        try:
            shown = self._run("apt-cache", "show", "--no-all-versions", package)
        except ProgramFailed as failed:
            raise LabsError("source-none", reason=said or failed.reason) from failed
        depends = _IMAGE.search(shown)
        found = list(self._versions([depends[1]])) if depends else []
        if not found:
            raise LabsError("source-none", reason=said or f"apt-cache show {package}")
        return found[0]

    def archive(self, source: Source) -> Archive:
        """Raises LabsError."""
        try:
            said = self._run("apt-get", "-q", "download", "--print-uris", f"{source.package}={source.version}")
        except ProgramFailed as failed:
            raise _not_fetched(source, failed) from failed
        for line in said.splitlines():
            if line.startswith("'"):
                uri, name, size, digest = line.split(" ")
                return Archive(uri.strip("'"), name, int(size), digest)
        raise LabsError("source-not-fetched", package=source.package, reason="apt-get download --print-uris")

    def download(self, source: Source, archive: Archive, each: Callable[[int], None]) -> Path:
        """The package's file; `each` is told how many bytes there are. What an interrupted download left is gone on
        with. Raises LabsError."""
        file = self._archives / archive.name
        ended = Event()
        watch = Thread(target=_watch, args=(file, ended, each), name="labs-download", daemon=True)
        watch.start()
        try:
            # Not `apt-get download`, which begins anew each time, nor `install --download-only`, which is refused where
            # the system's own packages are in disorder.
            self._run(_HELPER, "download-file", archive.uri, str(file), archive.digest)
        except ProgramFailed as failed:
            raise _not_fetched(source, failed) from failed
        finally:
            ended.set()
            watch.join()
        return file

    def _update(self) -> str:
        """Fetches the lists of packages, first of the suites whose names are known, then of those whose names these
        tell. What apt said if something could not be had."""
        plain = [line for line in self._sources if "{" not in line]
        said = self._fetch_lists(plain)
        named = self._codenames()
        told = [line.format_map(named) for line in self._sources if _named_in(line) & named.keys()]
        return (self._fetch_lists([*plain, *told]) or said) if told else said

    def _fetch_lists(self, sources: Iterable[str]) -> str:
        (self._folder / "sources.list").write_text("".join(f"{line}\n" for line in sources), encoding="utf-8")
        try:
            self._run("apt-get", "-q", "update")
        except ProgramFailed as failed:
            return failed.reason
        return ""

    def _codenames(self) -> dict[str, str]:
        """What each suite in the lists is called, as its signed Release file says."""
        targets = self._run("apt-get", "indextargets", "--format", "$(RELEASE) $(CODENAME)", "Created-By: Packages")
        pairs = (line.split() for line in targets.splitlines())
        return {words[0]: words[1] for words in pairs if len(words) == 2 and _CODENAME.fullmatch(words[1])}

    def _found(self) -> dict[str, Source]:
        """The newest version of each package."""
        names = [
            name for name in self._run("apt-cache", "pkgnames", "linux-source-").split() if _PACKAGE.fullmatch(name)
        ]
        found: dict[str, Source] = {}
        for source in self._versions(names):
            found.setdefault(source.package, source)
        return found

    def _versions(self, packages: Sequence[str]) -> Iterator[Source]:
        """Of each package, the newest first."""
        for line in self._run("apt-cache", "madison", *packages).splitlines() if packages else ():
            package, version, where = (part.strip() for part in [*line.split("|"), "", ""][:3])
            if where.endswith("Packages"):
                yield Source(package, version, " ".join(where.split()[:2]))

    def _run(self, *words: str) -> str:
        environment = {"APT_CONFIG": str(self._folder / "apt.conf"), "DEBIAN_FRONTEND": "noninteractive"}
        return self._programs.run(words, folder=self._folder, environment=environment)


def release_numbers(package: str) -> tuple[int, ...]:
    """The numbers in a package's name, by which the newest is chosen."""
    return tuple(map(int, re.findall(r"\d+", package)))


def system_sources(programs: Programs) -> list[str]:
    """The distribution's own entries of this machine, after them newer suites of the same mirror, as lines of a
    sources.list(5). Raises LabsError where there is no apt, or none of its entries is the distribution's."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise LabsError("no-apt")
    form = "$(SITE) $(RELEASE) $(COMPONENT)"
    words = ("apt-get", "indextargets", "--no-release-info", "--format", form, "Created-By: Packages")
    try:
        targets = [line.split(" ") for line in programs.run(words).splitlines() if line.count(" ") == 2]
    except ProgramFailed as failed:
        raise LabsError("source-none", reason=failed.reason) from failed
    system = os_release(Path("/etc/os-release").read_text("utf-8"))
    return source_lines(targets, system.get("ID", ""), system.get("VERSION_CODENAME", ""))


def source_lines(
    targets: Iterable[Sequence[str]], distribution: str, codename: str, keyrings: Path = _KEYRINGS
) -> list[str]:
    """Lines for `targets`, each the site, suite and component of an entry. The distribution's are those of the release
    called `codename`, or, where entries say `stable` or `sid` in its place, all that its keyring then verifies."""
    main = [(site, suite) for site, suite, component in targets if component == "main"]
    own = [(site, suite) for site, suite in main if suite.partition("-")[0] == codename] or main
    if not own:
        raise LabsError("source-none", reason="apt-get indextargets: main")
    mirrors = [site for site, suite in own if suite == codename] or [site for site, _ in own]
    newer = [(site, suite) for site in mirrors for suite in NEWER.get(distribution, ())]
    keyring = keyrings / f"{distribution}-archive-keyring.gpg"
    option = f"[signed-by={keyring}] " if keyring.exists() else ""
    return [f"deb {option}{site} {suite} main" for site, suite in dict.fromkeys(own + newer)]


def os_release(text: str) -> dict[str, str]:
    """The variables of os-release(5)."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def _named_in(line: str) -> set[str]:
    """The suites whose codenames a line asks for."""
    return set(re.findall(r"\{([a-z]+)\}", line))


def _watch(file: Path, ended: Event, each: Callable[[int], None]) -> None:
    while not ended.wait(_WATCH_SECONDS):
        try:
            each(file.stat().st_size)
        except FileNotFoundError:
            pass  # not begun


def _not_fetched(source: Source, failed: ProgramFailed) -> LabsError:
    return LabsError("source-not-fetched", package=source.package, reason=failed.reason)
