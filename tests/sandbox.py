"""Whether filters can notify here: what `labs dev minimize` and its tests need of the kernel and of a container."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from lablib.errors import LabsError
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
