"""Files that are written in private in the file system, and then renamed into place."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from titanic_batch.errors import os_errors
from titanic_batch.stores.base import ANYTHING, NOTHING, Name, ReplacedMeanwhileError
from titanic_batch.stores.names import folder_of
from titanic_batch.stores.private import temporary

_WRITE_BUFFER_BYTES = 1 << 20
_NO_SUCH_OPERATION = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class StagedFile:
    """A file under a private name beside `target`: created anew, never through a symlink.

    It is a `stores.base.Staged`.

    Args:
        target: Where it goes once it is whole.
        run_id: Makes the private name the run's own.
    """

    def __init__(self, target: str, run_id: str) -> None:
        self.target = target
        self.place = temporary(target, run_id)
        self._raw: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self.bytes_written = 0
        self.is_committed = False
        self.closed = False
        self._is_ours = False  # what stands at `place`
        self._discarded = False

    @property
    def is_created(self) -> bool:
        return self._raw is not None

    def write(self, data: bytes) -> int:
        """Append `data`; raises FileAccessError where the system refuses.

        A file that was discarded takes it and forgets it: a writer that an error left half made
        writes its last words when the garbage collector finds it.
        """
        if self._discarded:
            return len(data)
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
        return self.bytes_written

    def flush(self) -> None:
        """Do nothing: only `sync` promises anything."""

    def close(self) -> None:
        """Do nothing: `sync` or `discard` closes the file, not what writes to it."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    @property
    def sha256(self) -> str:
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

    def commit(self, *, expected: str = ANYTHING, name: Name | None = None) -> None:
        """Rename the file into its place, or to another name, in whatever folder."""
        target = os.fspath(name) if name is not None else self.target
        if expected != ANYTHING and tag_at(target) != expected:
            raise ReplacedMeanwhileError(
                errno.EEXIST, "another program has written there meanwhile", target
            )
        if folder_of(target) == folder_of(self.place):
            os.replace(self.place, target)
        else:  # perhaps on another disk
            copy = StagedFile(target, uuid.uuid4().hex)
            try:
                with open(self.place, "rb") as file:
                    copy.write(file.read())
                copy.seal(stat.S_IMODE(os.stat(self.place).st_mode))
                copy.sync()
                os.replace(copy.place, target)
            finally:
                copy.discard()
        self.is_committed = True

    def keep(self) -> None:
        """Leave the file: the next run completes with it what is begun."""
        self._is_ours = False

    def discard(self) -> None:
        """Remove the file, unless it was never created; it may have been renamed already."""
        self._discarded = True
        if self._raw is not None:
            with contextlib.suppress(OSError):
                self._raw.close()
        if self._is_ours:
            with contextlib.suppress(OSError):
                os.unlink(self.place)

    def _create(self) -> IO[bytes]:
        with os_errors(self.target, "creating the output"):
            descriptor = os.open(
                self.place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
            )
        self._is_ours = True
        self._raw = os.fdopen(descriptor, "wb", buffering=_WRITE_BUFFER_BYTES)
        return self._raw


def tag_at(path: str) -> str:
    """Return the tag of what stands at a path, a link itself; `NOTHING` for nothing."""
    try:
        return tag_of(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING


def tag_of(found: os.stat_result) -> str:
    """Return what changes when a file is written to, or replaced."""
    return f"{found.st_dev:x}-{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"


@dataclass(frozen=True)
class Folder:
    """A folder whose entries may not be on the disk yet."""

    path: str

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
