"""The file system as a store."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from titanic_batch.documents import open_regular, read_bounded
from titanic_batch.errors import DataError, FileAccessError, OutputLockedError, os_errors
from titanic_batch.printable import shell_quoted
from titanic_batch.stores.base import Entry, Leftover, Name
from titanic_batch.stores.local_listing import files_of_glob
from titanic_batch.stores.local_staging import Folder, StagedFile, tag_of
from titanic_batch.stores.names import as_folder, folder_of, join
from titanic_batch.stores.private import check_name, lock_file, private_in, work_folder


class LocalFile:
    """A file of the file system that is being read; see `stores.base.OpenedFile`.

    Anything but an ordinary file, such as a pipe, is not held against what it was.
    """

    def __init__(self, name: Name) -> None:
        self._name = name
        self.file: IO[bytes] = open(name, "rb", buffering=0)  # noqa: SIM115  # the caller closes it
        self._before = os.fstat(self.file.fileno())
        self.entry = _entry(self._before)

    def read_at(self, offset: int, size: int) -> bytes:
        return os.pread(self.file.fileno(), size, offset)

    @property
    def local_name(self) -> str:
        """The descriptor's name: another file may stand at the path by now."""
        name = f"/dev/fd/{self.file.fileno()}"
        return name if os.path.exists(name) else os.fspath(self._name)

    def check_unchanged(self) -> None:
        """Raise DataError if the file was written to since it was opened.

        Once it is closed, it is looked up by its path: one that was removed since then, or
        replaced by another, was read whole.
        """
        before = self._before
        if self.entry.kind != "file":
            return
        if not self.file.closed:
            after = os.fstat(self.file.fileno())
        else:
            try:
                after = os.stat(self._name)
            except OSError:
                return
            if not os.path.samestat(before, after):
                return
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise DataError(
                "the input changed while it was read",
                where=os.fspath(self._name),
                hint="Run again when it is complete.",
            )


class LocalStore:
    """Files by their paths; see `stores.base.Store`."""

    def open(self, name: Name) -> LocalFile:
        return LocalFile(name)

    def read(self, name: Name, *, limit: int | None = None, follow: bool = False) -> bytes | None:
        """Return a file whole; None where there is none, or the path is impossible."""
        try:
            with open_regular(name, follow_links=follow) as file:
                return file.read() if limit is None else read_bounded(file, limit)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            if exc.errno == errno.ENAMETOOLONG:
                return None
            raise

    def stat(self, name: Name, *, follow: bool = True) -> Entry | None:
        try:
            return _entry(os.stat(name, follow_symlinks=follow))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            if exc.errno == errno.ELOOP:
                return None
            raise

    def absolute(self, name: str, folder: str) -> str:
        """Return a path that is relative to a folder; `~` is the home."""
        placed = os.path.normpath(os.path.join(folder, os.path.expanduser(name)))
        return as_folder(placed) if name.endswith("/") else placed

    def resolve(self, name: Name) -> str:
        return os.path.realpath(name)

    def glob(self, pattern: str, *, onerror: Callable[[OSError], None] | None = None) -> list[str]:
        return files_of_glob(pattern, onerror)

    def list(self, folder: Name) -> list[str]:
        try:
            return sorted(join(os.fspath(folder), name) for name in os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def stage(self, name: Name, run_id: str) -> StagedFile:
        return StagedFile(os.fspath(name), run_id)

    def staged(self, name: Name, run_id: str) -> StagedFile | None:
        staged = StagedFile(os.fspath(name), run_id)
        try:
            return staged if stat.S_ISREG(os.lstat(staged.place).st_mode) else None
        except OSError:
            return None

    def left_behind(self, folder: Name) -> Iterator[Leftover]:
        return private_in(os.fspath(folder))

    def check_name(self, name: Name, suffix: str) -> None:
        check_name(os.fspath(name), suffix)

    def check_folder(self, folder: Name) -> None:
        """Refuse a folder that is not there and could not be made, or takes no file."""
        path = os.path.abspath(folder)
        while not os.path.lexists(path) and path != folder_of(path):
            path = folder_of(path)
        with os_errors(path, "looking at the folder that is written to"):
            if not os.path.isdir(path):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            if not os.access(path, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def work_folder(self, name: Name, fingerprint: str) -> str | None:
        """Return a private folder beside the output."""
        folder = work_folder(os.fspath(name), fingerprint)
        found = self.stat(folder, follow=False)
        is_private = found is None or (
            found.kind == "folder" and found.is_own and not found.mode & 0o077
        )
        return folder if is_private else None

    def make_folder(self, folder: Name) -> None:
        os.makedirs(folder, exist_ok=True)

    def remove(self, name: Name) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)

    def drop(self, place: Name) -> None:
        shutil.rmtree(place, ignore_errors=True)

    def unsynced(self, names: Iterable[Name]) -> Sequence[Folder]:
        """Return the folders of these paths, whose entries have changed."""
        return [
            Folder(path)
            for path in dict.fromkeys(folder_of(os.fspath(name)) or "." for name in names)
        ]

    def mode_for(self, name: Name) -> int:
        """Return the mode of what stands at a path, or what the umask leaves of 0666.

        To ask for the umask is to change it for a moment, for all threads: ask in the main one.
        """
        try:
            return os.stat(name).st_mode & 0o777
        except OSError:
            mask = os.umask(0)
            os.umask(mask)
            return 0o666 & ~mask

    @contextmanager
    def lock(self, name: Name) -> Iterator[None]:
        """Hold a lock that the system releases when its holder dies.

        It is `flock(2)` on a file beside the output, which is removed while the lock is held; a
        lock on a file that has lost its name counts for nothing, so nobody can hold the removed
        one.
        """
        lock = lock_file(os.fspath(name))
        descriptor = _acquire(os.fspath(name), lock)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(lock)
            with contextlib.suppress(OSError):  # closed it is, whatever the system says of it
                os.close(descriptor)


def _acquire(path: str, lock: str) -> int:
    with os_errors(path, "locking the output"):
        while True:
            try:
                descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            except FileNotFoundError as exc:
                raise FileAccessError(
                    "the output's folder does not exist",
                    where=folder_of(path),
                    hint=f"Make it first (`mkdir -p {shell_quoted(folder_of(path))}`), or "
                    "correct the path.",
                ) from exc
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(descriptor), os.lstat(lock)):
                    return descriptor
            except BlockingIOError as exc:
                os.close(descriptor)
                raise OutputLockedError(
                    "another run is writing this output",
                    where=path,
                    hint="Try again when it has ended.",
                ) from exc
            except FileNotFoundError:
                pass  # its holder removed it since it was opened
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)


_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}


def _entry(found: os.stat_result) -> Entry:
    return Entry(
        kind=_KINDS.get(stat.S_IFMT(found.st_mode), "special"),  # type: ignore[arg-type]
        size=found.st_size,
        identity=(found.st_dev, found.st_ino),
        tag=tag_of(found),
        modified=found.st_mtime,
        mode=stat.S_IMODE(found.st_mode),
        is_own=found.st_uid == os.geteuid(),
    )
