"""Files that are written in private and then renamed into place."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from titanic_batch.errors import os_errors
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.publish.paths import temporary

_WRITE_BUFFER_BYTES = 1 << 20
_HASH_BLOCK_BYTES = 1 << 20
_NO_SUCH_OPERATION = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class StagedFile:
    """A file under a private name beside `target`: created anew, never through a symlink.

    It is created with its first byte, or when it is sealed.

    Args:
        target: Where it goes once it is whole.
        run_id: Makes the private name the run's own.
    """

    def __init__(self, target: Path, run_id: str) -> None:
        self.target = target
        self.path = temporary(target, run_id)
        self._raw: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self.bytes_written = 0
        self.closed = False
        self._is_ours = False  # what stands at `path`

    @property
    def is_created(self) -> bool:
        """Whether it is there."""
        return self._raw is not None

    def write(self, data: bytes) -> int:
        """Append `data`; raises OutputError where the system refuses."""
        raw = self._raw or self._create()
        try:
            raw.write(data)
        except OSError:
            with os_errors(self.target, "writing"):
                raise
        self._hash.update(data)
        self.bytes_written += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how much has been written."""
        return self.bytes_written

    def flush(self) -> None:
        """Do nothing: only `sync` promises anything."""

    def close(self) -> None:
        """Do nothing: `sync` or `discard` closes the file, not what writes to it."""

    def readable(self) -> bool:
        """Always false."""
        return False

    def writable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always false."""
        return False

    @property
    def sha256(self) -> str:
        """SHA-256 of what has been written, in hex."""
        return self._hash.hexdigest()

    def seal(self, mode: int) -> None:
        """End the file and set its mode; `sync` is still to bring it to the disk."""
        raw = self._raw or self._create()
        with os_errors(self.target, "writing"):
            raw.flush()
            with _unless_impossible(errno.EPERM):  # modes are the mount's there (vfat, CIFS)
                os.fchmod(raw.fileno(), mode)

    def sync(self) -> None:
        """Bring the file, which must be sealed, to the disk and close it."""
        assert self._raw is not None
        with os_errors(self.target, "writing"):
            with _unless_impossible():
                os.fsync(self._raw.fileno())
            self._raw.close()

    def keep(self) -> None:
        """Leave the file: it is in its place, or the next run completes with it what is begun."""
        self._is_ours = False

    def discard(self) -> None:
        """Remove the file, unless it was never created; it may have been renamed already."""
        if self._raw is not None:
            with contextlib.suppress(OSError):
                self._raw.close()
        if self._is_ours:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _create(self) -> IO[bytes]:
        with os_errors(self.target, "creating the output"):
            descriptor = os.open(
                self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
            )
        self._is_ours = True
        self._raw = os.fdopen(descriptor, "wb", buffering=_WRITE_BUFFER_BYTES)
        return self._raw

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()


@dataclass(frozen=True)
class Folder:
    """A folder whose entries may not be on the disk yet."""

    path: Path

    def sync(self) -> None:
        """Bring its entries to the disk."""
        with os_errors(self.path, "syncing the folder"):
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                with _unless_impossible():
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)


@contextlib.contextmanager
def _unless_impossible(*more: int) -> Iterator[None]:
    """Go on where a file system has no such operation; what it has and refuses is an error.

    Some FUSE and network file systems sync no folders: they would answer the same in every run, and
    what was renamed by then could never be completed.
    """
    try:
        yield
    except OSError as exc:
        if exc.errno not in (*_NO_SUCH_OPERATION, *more):
            raise


def published_mode(replaced: Path) -> int:
    """Return the mode of a file about to be replaced, or what the umask leaves of 0666.

    To ask for the umask is to change it for a moment, for all threads: ask in the main one.
    """
    try:
        return replaced.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def hash_file(file: IO[bytes]) -> str:
    """Return the SHA-256 of an open file, in hex."""
    digest = hashlib.sha256()
    while block := file.read(_HASH_BLOCK_BYTES):
        stop_if_interrupted()
        digest.update(block)
    return digest.hexdigest()
