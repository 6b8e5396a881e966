"""What tests of filters need of the kernel and of a container: that filters can notify, and the rights of root."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from lablib.errors import LabsError
from lablib.kernel import syscalls
from lablib.minimize.oracle import DENY, Oracle


def _lacks() -> str:
    try:
        with closing(Oracle(["/bin/true"], {}, DENY)) as oracle:
            oracle.watch()
    except LabsError as error:
        if error.key != "minimize-kernel":
            raise
        return str(error)
    return ""


needs_notify = pytest.mark.skipif(
    not os.environ.get("LABS_REQUIRE_KERNEL") and bool(_lacks()),
    reason="no filter that notifies can be loaded here; LABS_REQUIRE_KERNEL=1 makes this a failure",
)


def _is_root() -> bool:
    if os.geteuid() != 0:
        return False
    child = os.fork()
    if child == 0:
        try:
            syscalls.unshare(syscalls.CLONE_NEWPID)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


needs_root = pytest.mark.skipif(
    not os.environ.get("LABS_REQUIRE_KERNEL") and not _is_root(),
    reason="only root may make a pid namespace here; LABS_REQUIRE_KERNEL=1 makes this a failure",
)
