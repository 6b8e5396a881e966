"""A student's work folder, kept on this host per chapter: `$XDG_DATA_HOME/container-labs/work` (XDG Base Directory).

A guest's is kept as the tar `CHAPTER.tar`. A guest wrote it, so it is never unpacked here: it goes back as it came,
into a guest. The host machine's is the folder `CHAPTER`, worked in as it is.
"""

from __future__ import annotations

import threading
from pathlib import Path

from lablib.errors import MachineError
from lablib.machine.agent.work import MAX_BYTES, MAX_ENTRIES
from lablib.machine.claim import not_kept
from lablib.machine.link import Channel, Link
from lablib.machine.served import answer, ask
from lablib.machine.wire import Type, WireError
from lablib.state import put_aside, replace
from lablib.text import one_line

LENT = "work.tar"
NOT_RESTORED = "work-not-restored"
"""The warning that `~/lab` begins empty because what was kept could not be put back."""
_REASON = 300


class GuestWork:
    """The work of one guest, kept as the tar `path`. What cannot be put back is put aside, so that it is not replaced,
    and the lab begins without it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lent: Path | None = None
        self._lost = False
        self._fingerprint = ""
        self._lock = threading.Lock()

    def lend(self, folder: Path) -> None:
        """Copies what is kept into `folder`, for a guest to read. Raises OSError when that has no room."""
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return
        except OSError:
            self._put_aside()
            return
        lent = folder / LENT
        lent.write_bytes(content)
        lent.chmod(0o644)
        self._lent = lent

    def restore(self, link: Link) -> tuple[str, ...]:
        """Has a guest that has just come up unpack what was lent to it; returns warnings. Raises MachineError when the
        machine is lost."""
        if self._lent is not None:
            found = _answer(ask(link.channel(), Type.RESTORE, str(self._lent)).json())
            self._lent.unlink()
            if "problem" in found:
                self._put_aside()
            else:
                self._fingerprint = found["fingerprint"]
        return (NOT_RESTORED,) if self._lost else ()

    def save(self, channel: Channel) -> bool:
        """Keeps what the guest's folder holds now; False when that is what was kept last. Raises MachineError, and
        what was kept last is then kept still."""
        with self._lock:
            archive = bytearray()
            try:
                channel.send(Type.SAVE, self._fingerprint)
                while (frame := answer(channel)).type == Type.OUTPUT:
                    archive += frame.payload
            finally:
                channel.close()
            found = _answer(frame.json())
            self._refuse(found)
            if not archive:
                return False
            try:
                replace(str(self._path), bytes(archive))
            except OSError as error:
                raise not_kept(self._path, error) from error
            self._fingerprint = found["fingerprint"]
            return True

    def _put_aside(self) -> None:
        self._lost = True
        try:
            put_aside(str(self._path))
        except OSError:
            pass  # then it cannot be replaced either, and `save` will say so

    def _refuse(self, found: dict[str, str]) -> None:
        match found.get("problem"):
            case None:
                return
            case "too-large":
                raise MachineError("work-too-large", limit=MAX_BYTES >> 20, entries=MAX_ENTRIES)
            case "no-folder":
                raise MachineError("work-no-folder")
            case problem:
                raise MachineError("work-unreadable", reason=one_line(found.get("reason", problem)[:_REASON]))


def _answer(value: object) -> dict[str, str]:
    """An agent's answer about a work folder. Raises WireError."""
    if not isinstance(value, dict) or not value.keys() & {"fingerprint", "problem"}:
        raise WireError("an answer that is none")
    return {str(name): str(text) for name, text in value.items()}
