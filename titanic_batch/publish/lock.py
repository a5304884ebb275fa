"""One run per output: a lock that the system releases when its holder dies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import BaseFileLock, FileLock, Timeout

from titanic_batch.errors import OutputError, OutputLockedError, os_errors
from titanic_batch.publish.paths import OutputPaths


@contextmanager
def locked(paths: OutputPaths) -> Iterator[None]:
    """Hold the lock of an output. Signals must wait while it is taken and while it is released.

    The lock file is removed while the lock is held; filelock takes no lock on a file that has lost
    its name, so nobody can hold the removed one.

    Raises:
        OutputLockedError: if another run holds it.
        OutputError: if the output's folder is missing or not writable.
    """
    lock = FileLock(paths.lock, timeout=0, mode=0o600, thread_local=False)
    try:
        _acquire(lock, paths)
        yield
    finally:
        if lock.is_locked:
            with contextlib.suppress(OSError):
                paths.lock.unlink()
            lock.release()


def _acquire(lock: BaseFileLock, paths: OutputPaths) -> None:
    with os_errors(paths.data, "locking the output"):
        if not paths.data.parent.is_dir():  # filelock would make it, on an unmounted disk's place
            raise OutputError(
                "the output's folder does not exist",
                where=str(paths.data.parent),
                cure="Make it first (mkdir -p), or correct the path.",
            )
        try:
            lock.acquire()
        except Timeout as exc:
            raise OutputLockedError(
                "another run is writing this output",
                where=str(paths.data),
                cure="Try again when it has ended.",
            ) from exc
