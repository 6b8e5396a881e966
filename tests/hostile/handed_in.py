"""Attacks by what is handed in, before anything of it runs."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Callable

from tests.cli.cohorts import QUESTION, SOLUTION, TASK, hand_in
from tests.hostile.attack import HONEST, Attack, Place, Wanted

SCRIPT = f"{TASK}.sh"


def filed(name: str, wants: Wanted, make: Callable[[str, Place], None], told: str = "") -> Attack:
    return Attack(name, wants, make, runs=False, told=told)


def bundled(
    name: str, wants: Wanted, write: Callable[[zipfile.ZipFile, Place], None], told: str = "", *, faults: bool = False
) -> Attack:
    """An attack by a bundle that `write` fills."""

    def make(name: str, place: Place) -> None:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
            write(bundle, place)
        (place.submissions / f"{name}.zip").write_bytes(target.getvalue())

    return Attack(name, wants, make, runs=False, told=told, faults=faults)


def special(kind: int, content: str) -> Callable[[zipfile.ZipFile, Place], None]:
    def write(bundle: zipfile.ZipFile, place: Place) -> None:
        info = zipfile.ZipInfo(SCRIPT)
        info.external_attr = (kind | 0o777) << 16
        bundle.writestr(info, content.replace("@secret@", str(place.secret)))

    return write


def link(target: str) -> Callable[[str, Place], None]:
    def make(name: str, place: Place) -> None:
        path = place.submissions / name / SCRIPT
        path.parent.mkdir(parents=True)
        path.symlink_to(target.replace("@secret@", str(place.secret)).replace("@submissions@", str(place.submissions)))

    return make


def linked_chapter(name: str, place: Place) -> None:
    (place.submissions / name).mkdir()
    (place.submissions / name / "cgroups").symlink_to(place.submissions / HONEST / "cgroups")


def fifo(name: str, place: Place) -> None:
    path = place.submissions / name / SCRIPT
    path.parent.mkdir(parents=True)
    os.mkfifo(path)


def sparse(name: str, place: Place) -> None:
    hand_in(place.submissions, name, b"", SCRIPT)
    os.truncate(place.submissions / name / SCRIPT, 1 << 40)


def inside_another(name: str, place: Place) -> None:
    hand_in(place.submissions / name, HONEST, b"exit 0\n", SCRIPT)
    hand_in(place.submissions, name, b"exit 0\n", SCRIPT)


def two_scripts(name: str, place: Place) -> None:
    hand_in(place.submissions, name, b"exit 0\n", f"{TASK}.a")
    hand_in(place.submissions, name, SOLUTION, f"{TASK}.b")


def slip(bundle: zipfile.ZipFile, place: Place) -> None:
    bundle.writestr(f"../{HONEST}/{SCRIPT}", "exit 0\n")
    bundle.writestr(str(place.target), "x")
    bundle.writestr(f"../../{place.target.name}", "x")
    bundle.writestr(SCRIPT, "exit 0\n")


def bomb(bundle: zipfile.ZipFile, place: Place) -> None:
    with bundle.open(SCRIPT, "w") as file:
        for _ in range(1024):
            file.write(bytes(1 << 20))


def lzma_bomb(bundle: zipfile.ZipFile, place: Place) -> None:
    bundle.writestr(SCRIPT, bytes(1 << 26), zipfile.ZIP_LZMA)


def huge_names(bundle: zipfile.ZipFile, place: Place) -> None:
    for number in range(20):
        bundle.writestr(f"{number}" + "x" * 60_000, "")
    bundle.writestr(SCRIPT, "exit 0\n")


def many(bundle: zipfile.ZipFile, place: Place) -> None:
    for number in range(20_000):
        bundle.writestr(str(number), "")


def others_manifest(bundle: zipfile.ZipFile, place: Place) -> None:
    bundle.writestr("manifest.json", f'{{"student": "{HONEST}", "replay": {{"{TASK}": "pass"}}}}')
    bundle.writestr(SCRIPT, "exit 0\n")


def deep_answers(name: str, place: Place) -> None:
    hand_in(place.submissions, name, b"x = " + b"[" * 15_000, "answers.toml")


def forged_answers(name: str, place: Place) -> None:
    hand_in(place.submissions, name, f"[cgroups]\n{QUESTION.partition('/')[2]} = [1, 2, 3]\n".encode(), "answers.toml")


def forged_results(name: str, place: Place) -> None:
    hand_in(place.submissions, name, b'{"submissions": []}', "results.json")
    hand_in(place.submissions, name, b"exit 0\n", SCRIPT)


def named_as_a_formula(name: str, place: Place) -> None:
    hand_in(place.submissions, name, b"exit 0\n", SCRIPT)
    hand_in(place.submissions, name, b"", "<script>alert(1)</script>\x1b[2J")


def binary(name: str, place: Place) -> None:
    hand_in(place.submissions, name, b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 4000, SCRIPT)


ATTACKS = (
    filed("link-to-a-secret", Wanted.READ, link("@secret@"), "could not be read"),
    filed("link-by-proc", Wanted.READ, link("/proc/self/environ"), "could not be read"),
    filed("link-to-others-work", Wanted.OTHERS, link(f"../../{HONEST}/{SCRIPT}"), "could not be read"),
    Attack("chapter-is-a-link", Wanted.OTHERS, linked_chapter, runs=False),
    filed("fifo", Wanted.TIME, fifo, "could not be read"),
    filed("a-terabyte", Wanted.TIME, sparse, "could not be read"),
    filed("inside-another", Wanted.OTHERS, inside_another),
    filed("two-scripts", Wanted.PASS, two_scripts, "more than one file"),
    filed("binary", Wanted.TIME, binary),
    filed("deep-answers", Wanted.TIME, deep_answers, "could not be read"),
    filed("every-answer", Wanted.PASS, forged_answers, "not the number"),
    filed("brings-its-results", Wanted.PASS, forged_results),
    filed("=1+cmd|' C calc'!A0", Wanted.READER, named_as_a_formula),
    bundled("zip-slip", Wanted.WRITE, slip),
    bundled("zip-bomb", Wanted.TIME, bomb, "could not be read"),
    bundled("zip-lzma-bomb", Wanted.TIME, lzma_bomb, "could not be read"),
    bundled("zip-link", Wanted.READ, special(stat.S_IFLNK, "@secret@"), "could not be read"),
    bundled("zip-device", Wanted.READ, special(stat.S_IFBLK, ""), "could not be read"),
    bundled("zip-huge-names", Wanted.TIME, huge_names),
    bundled("zip-many", Wanted.TIME, many, faults=True),
    bundled("zip-of-another", Wanted.OTHERS, others_manifest),
)
