"""Workers that are processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import Executor, ProcessPoolExecutor

from lablib.grading.job import machines
from lablib.grading.processor import one_processor
from lablib.kernel import syscalls


class LocalWorkers:
    """As many processes as `width`, each with a guest at work and one that boots."""

    batch = 1

    def __init__(self, width: int) -> None:
        self.width = width

    def executor(self) -> Executor:
        # Not fork(2): a screen's threads may run here, and their locks would stay locked in the child.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.width, context, initializer=_begin, initargs=(os.getpid(),))

    def close(self, executor: Executor) -> None:
        """Ends the workers; their guests end with them."""
        executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.kill()
            child.join()


def _begin(parent: int) -> None:
    """A worker's first act. Ctrl-C is for who started it, and it ends with them, however they end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        os.kill(os.getpid(), signal.SIGKILL)
    with one_processor():
        machines()
