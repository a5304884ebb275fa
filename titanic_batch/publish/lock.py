"""One run per output: a lock that the system releases when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from titanic_batch.errors import OutputError, OutputLockedError, os_errors
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.paths import OutputPaths


@contextmanager
def locked(paths: OutputPaths) -> Iterator[None]:
    """Hold the lock of an output.

    It is `flock(2)` on a file beside the output, which is removed while the lock is held; a lock on
    a file that has lost its name counts for nothing, so nobody can hold the removed one.

    Raises:
        OutputLockedError: if another run holds it.
        OutputError: if the output's folder is missing or not writable.
    """
    descriptor = _acquire(paths)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            paths.lock.unlink()
        with contextlib.suppress(OSError):  # closed it is, whatever the system says of it
            os.close(descriptor)


def _acquire(paths: OutputPaths) -> int:
    with os_errors(paths.data, "locking the output"):
        while True:
            try:
                descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            except FileNotFoundError as exc:
                raise OutputError(
                    "the output's folder does not exist",
                    where=str(paths.data.parent),
                    cure=f"Make it first (`mkdir -p {shell_quoted(str(paths.data.parent))}`), or "
                    "correct the path.",
                ) from exc
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(descriptor), paths.lock.lstat()):
                    return descriptor
            except BlockingIOError as exc:
                os.close(descriptor)
                raise OutputLockedError(
                    "another run is writing this output",
                    where=str(paths.data),
                    cure="Try again when it has ended.",
                ) from exc
            except FileNotFoundError:
                pass  # its holder removed it since it was opened
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
