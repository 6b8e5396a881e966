"""Workers on other machines: a Dask cluster (the extra `cluster`). Each has the labs installed, of this very version,
and a kernel for guests; what goes to them and back is JSON. Give its scheduler `allowed-failures: 0`, for Dask would
let a job end four workers before it tells us; and TLS, for who reaches a scheduler commands its workers."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lablib.errors import LabsError
from lablib.grading.job import course_digest, readiness

if TYPE_CHECKING:
    from distributed import Client

BATCH = 20
"""Jobs that go out together: Dask takes some 10 ms for each task."""
CONNECT_SECONDS = 20.0
READY_SECONDS = 120.0
"""How long every worker may take to try its kernels."""


@dataclass(frozen=True)
class Certificates:
    """Files in PEM format by which both sides prove who they are."""

    authority: Path
    certificate: Path
    key: Path


class DaskWorkers:
    """The workers of the cluster whose scheduler is at `address`, such as `tcp://10.0.0.1:8786`. Raises LabsError where
    it cannot be reached, has no workers, or one of them cannot grade."""

    def __init__(self, address: str, certificates: Certificates | None = None, batch: int = BATCH) -> None:
        self.batch = batch
        self._address = address
        self._certificates = certificates
        self._client: Client | None = self._connect()
        self._refuse_unfit(self._client)

    @property
    def width(self) -> int:
        """Threads of all workers, as many as there are now."""
        return sum(self._client.nthreads().values()) if self._client else 0

    def executor(self) -> Executor:
        if self._client is None:
            self._client = self._connect()
        made: Executor = self._client.get_executor(pure=False)
        return made

    def close(self, executor: Executor) -> None:
        executor.shutdown(wait=False)
        client, self._client = self._client, None
        if client is not None:
            client.close(timeout=2)

    def _connect(self) -> Client:
        try:
            from distributed import Client
            from distributed.security import Security
        except ModuleNotFoundError as error:
            raise LabsError("needs-cluster", module=error.name or "") from error
        keys = self._certificates
        security = keys and Security(
            tls_ca_file=str(keys.authority),
            tls_client_cert=str(keys.certificate),
            tls_client_key=str(keys.key),
            require_encryption=True,
        )
        try:
            return Client(self._address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            reason = str(error) or type(error).__name__
            raise LabsError("no-cluster", address=self._address, reason=reason) from error

    def _refuse_unfit(self, client: Client) -> None:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            answers = client.run(readiness, on_error="return")
        except (OSError, RuntimeError) as error:
            client.close(timeout=2)
            raise LabsError("no-cluster", address=self._address, reason=str(error)) from error
        ours = course_digest()
        for worker, answer in answers.items():
            if isinstance(answer, Exception) or answer["fault"] or answer["course"] != ours:
                client.close(timeout=2)
                reason = str(answer) if isinstance(answer, Exception) else answer["fault"] or "another version"
                raise LabsError("cluster-unfit", worker=worker, reason=reason)
