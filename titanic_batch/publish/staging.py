"""Files that are written in private and then renamed into place."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from titanic_batch.errors import os_errors
from titanic_batch.publish.paths import temporary

_WRITE_BUFFER_BYTES = 1 << 20
_HASH_BLOCK_BYTES = 1 << 20


class StagedFile:
    """A file under a private name beside `target`: created anew, never through a symlink.

    Args:
        target: Where it goes once it is whole.
        run_id: Makes the private name the run's own.

    Raises:
        OutputError: if it cannot be created.
    """

    def __init__(self, target: Path, run_id: str) -> None:
        self.target = target
        self.path = temporary(target, run_id)
        with os_errors(target, "creating the output"):
            descriptor = os.open(
                self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
            )
        self._raw = os.fdopen(descriptor, "wb", buffering=_WRITE_BUFFER_BYTES)
        self._hash = hashlib.sha256()
        self.bytes_written = 0
        self.closed = False
        self._kept = False
        self._discarded = False

    def write(self, data: bytes) -> int:
        """Append `data`; raises OutputError where the system refuses.

        A file that was discarded takes it and forgets it: a writer that a signal left half made
        writes its last words when the garbage collector finds it.
        """
        if self._discarded:
            return len(data)
        try:
            self._raw.write(data)
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
        """Do nothing: only `seal` promises anything."""

    def close(self) -> None:
        """Do nothing: `seal` or `discard` ends the file, not what writes to it."""

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
        """Set the file's mode, bring it to the disk and close it."""
        with os_errors(self.target, "writing"):
            self._raw.flush()
            os.fchmod(self._raw.fileno(), mode)
            os.fsync(self._raw.fileno())
            self._raw.close()

    def keep(self) -> None:
        """Leave the file to the next run, which completes with it what this one began."""
        self._kept = True

    def discard(self) -> None:
        """Remove the file; it may have been renamed or removed already."""
        self._discarded = True
        with contextlib.suppress(OSError):
            self._raw.close()
        if not self._kept:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    with os_errors(folder, "syncing the folder"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
        digest.update(block)
    return digest.hexdigest()
