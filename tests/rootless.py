"""A user without root, logged in to a machine that systemd runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lablib.machine.guest import GuestMachine
from tests.systemd import inside, systemd_guest

SYSTEM_USERS = """
echo messagebus:x:100:107::/nonexistent:/usr/sbin/nologin >> /etc/passwd
printf 'messagebus:x:107:\\nsystemd-journal:x:108:\\n' >> /etc/group
"""
LOG_IN = """
systemctl is-system-running --wait > /dev/null
loginctl enable-linger student && systemctl start user@1000.service || exit
chmod 755 /root /root/lab; cp -r /root/lab/project /tmp/project; chown -R student /tmp/project
"""
NO_SUDO = "chmod 700 /usr/bin/sudo"
"""So that it is not there for who is not root."""


@contextmanager
def logged_in() -> Iterator[GuestMachine]:
    """The machine; `as_student` is what the user does."""
    with systemd_guest("newuidmap", "dbus-daemon", "loginctl") as guest:
        assert inside(guest, SYSTEM_USERS + LOG_IN + NO_SUDO) == "status=0"
        yield guest


def as_student(guest: GuestMachine, text: str, timeout: float = 60.0) -> str:
    """What a shell script of the user's prints, in a copy of the project."""
    guest.put("/tmp/student.sh", f"export PYTHONPATH=/opt/labs/python; cd /tmp/project\n{text}".encode(), 0o755)
    return inside(guest, "su - student -s /bin/sh -c '. /tmp/student.sh' 2>&1", timeout)
