"""Store: what the program asks of a place that keeps a user's files.

It fits a file system and an object store, so nobody above it renames, syncs, or relies on folders.
What is written is staged where no reader looks, and committed as a whole. What stands at a name is
known by its tag, as by an HTTP ETag: other bytes, another tag. Every store passes
`tests/stores/conformance.py`.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Literal, Protocol

from titanic_batch.interrupts import stop_if_interrupted

#: A path, or an object's URL. What a store gives out, and what is kept of names, is text.
Name = str | os.PathLike[str]

#: What a commit may replace: whatever stands there; nothing; else what has this tag.
ANYTHING = "*"
NOTHING = ""

_HASH_BLOCK_BYTES = 1 << 20


class ReplacedMeanwhileError(OSError):
    """The entry at a name is not the one that the commit was to replace."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file, folder or other thing at a name.

    Attributes:
        kind: A pipe, a device and a socket are `special`; `link` is one that was not followed.
        size: In bytes.
        identity: The same for one file by whatever name.
        tag: Another one when it has been written to, or replaced.
        modified: When, in seconds since 1970.
        mode: Its permission bits.
        is_own: Whether it is this user's.
    """

    kind: Literal["file", "folder", "link", "special"]
    size: int
    identity: Hashable
    tag: str
    modified: float
    mode: int
    is_own: bool


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A staged file or a work folder of a run that died.

    Attributes:
        target: The last part of the name that it belongs to.
        kind: `tmp` for a file, `work` for a folder.
        place: The local path of its bytes.
    """

    target: str
    kind: str
    place: str


class OpenedFile(Protocol):
    """A file that is being read."""

    @property
    def file(self) -> IO[bytes]:
        """Its bytes, unbuffered; whoever opened it closes this."""
        ...

    @property
    def entry(self) -> Entry:
        """The entry as it was when it was opened."""
        ...

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from anywhere in an ordinary file, and leave `file` where it is."""
        ...

    @property
    def local_name(self) -> str:
        """A name, in UTF-8, by which other code reads the file on this machine while it is open.

        It means this very file, and `file` is left alone meanwhile: they may share a position.
        pyarrow reads ahead from a Python file in threads that need the interpreter, and one that
        still does when the process exits ends it by SIGABRT; a name spares it that.
        """
        ...

    def check_unchanged(self) -> None:
        """Check that what was read is what was opened; it may have been closed since.

        Raises:
            DataError: if it grew, shrank or was written to meanwhile.
        """
        ...


class Unsynced(Protocol):
    """Something that a power cut may still lose; equal ones are synced once."""

    def sync(self) -> None:
        """Make it last, if that takes anything; raises FileAccessError where it fails."""
        ...


class Staged(Unsynced, Protocol):
    """A file that no reader sees before it is committed, whole.

    It is made by its first byte, or when it is sealed. Whoever stages one must discard it.
    """

    @property
    def target(self) -> str:
        """The name that it gets when it is committed."""
        ...

    @property
    def place(self) -> str:
        """The local path of its bytes until then."""
        ...

    @property
    def is_created(self) -> bool:
        """Whether the staged file was created."""
        ...

    @property
    def is_committed(self) -> bool:
        """Whether it was committed."""
        ...

    @property
    def bytes_written(self) -> int:
        """The number of bytes written."""
        ...

    @property
    def sha256(self) -> str:
        """SHA-256 of what has been written, in hex."""
        ...

    def write(self, data: bytes, /) -> int:
        """Append to it; once it is discarded, nothing happens. Raises FileAccessError."""
        ...

    def seal(self, mode: int) -> None:
        """End it; it will have these permission bits, where the store has any."""
        ...

    def commit(self, *, expected: str = ANYTHING, name: Name | None = None) -> None:
        """Put it, which is sealed and synced, in its place; readers see all of it or none.

        Args:
            expected: Tag of what it may replace; see also `ANYTHING` and `NOTHING`.
            name: Another place than its target's.

        Raises:
            ReplacedMeanwhileError: if something else stands there.
            OSError: where the system refuses.
        """
        ...

    def keep(self) -> None:
        """Leave it where it is, for a later run to commit."""
        ...

    def discard(self) -> None:
        """Remove it, unless it is committed or kept."""
        ...


class Store(Protocol):
    """Keeps files by name. What the system refuses is an OSError, unless said otherwise."""

    def open(self, name: Name) -> OpenedFile:
        """Open a file for reading."""
        ...

    def read(self, name: Name, *, limit: int | None = None, follow: bool = False) -> bytes | None:
        """Return a file whole, which anybody may have put there; None for nothing.

        No pipe is waited for, and a link is followed only if `follow` is set.

        Raises:
            NotADocumentError: if it is no ordinary file, or has more than `limit` bytes.
        """
        ...

    def stat(self, name: Name, *, follow: bool = True) -> Entry | None:
        """Return what stands at a name, or where a link there leads to; None for nothing."""
        ...

    def absolute(self, name: str, folder: str) -> str:
        """Return a user's name for something as one that holds anywhere.

        Args:
            name: Where it is not absolute already, it is relative to the folder. A slash at its end
                stays.
            folder: An absolute name.
        """
        ...

    def resolve(self, name: Name) -> str:
        """Return the absolute name of what is written when a name is: where links there lead."""
        ...

    def glob(self, pattern: str, *, onerror: Callable[[OSError], None] | None = None) -> list[str]:
        """Return the files that match a glob, and all those in folders that do, in order.

        `**` stands for folders of any depth, or none; see `stores.patterns` for what is hidden
        from wildcards. A folder that several names lead to is looked through by one of them.

        Args:
            pattern: The glob; a folder's escaped name means all that is in it.
            onerror: Is told of a folder that cannot be listed, and whose files are missing.
        """
        ...

    def list(self, folder: Name) -> list[str]:
        """Return the names in a folder (or under a prefix), hidden ones too, in order.

        There are none where there is no folder.
        """
        ...

    def stage(self, name: Name, run_id: str) -> Staged:
        """Return a file that is to go to a name; it is not made yet.

        Args:
            name: Where it goes.
            run_id: 32 hex digits, which no other run has.
        """
        ...

    def staged(self, name: Name, run_id: str) -> Staged | None:
        """Return what a run that died has staged for a name; None where it is not there."""
        ...

    def left_behind(self, folder: Name) -> Iterable[Leftover]:
        """Return what runs that died left in a folder, in no order."""
        ...

    def check_name(self, name: Name, suffix: str) -> None:
        """Refuse a name that is too long for what is staged for it with a suffix appended.

        Raises:
            UsageError: if it is.
        """
        ...

    def check_folder(self, folder: Name) -> None:
        """Refuse a folder, there or yet to be made, that takes no file; raises FileAccessError."""
        ...

    def work_folder(self, name: Name, fingerprint: str) -> str | None:
        """Return a folder on this machine for what a killed run for a name would need again.

        It may not be there yet. None where something else, or another user's, stands in its place.
        """
        ...

    def make_folder(self, folder: Name) -> None:
        """Make a folder and those above it, where there are such things and it is missing."""
        ...

    def remove(self, name: Name) -> None:
        """Remove a file, if it is there."""
        ...

    def drop(self, place: Name) -> None:
        """Remove a work folder as far as that is possible; it may not be there."""
        ...

    def unsynced(self, names: Iterable[Name]) -> Sequence[Unsynced]:
        """Return what is to be synced for these names' commits and removals to last."""
        ...

    def mode_for(self, name: Name) -> int:
        """Return the permission bits of what stands at a name, else those of a new file.

        Ask in the main thread.
        """
        ...

    def lock(self, name: Name) -> AbstractContextManager[None]:
        """Keep other runs from writing to a name, as far as the store can.

        Raises:
            OutputLockedError: if another one does.
            FileAccessError: if there is no place for it, or the system refuses.
        """
        ...


def as_text(file: IO[bytes], *, errors: str = "strict") -> io.TextIOWrapper:
    """Return an opened file as UTF-8 text, its newlines as they are; closing it closes the file."""
    return io.TextIOWrapper(
        io.BufferedReader(file),  # type: ignore[type-var]  # it is unbuffered, as that wants it
        encoding="utf-8",
        errors=errors,
        newline="",
    )


def hash_file(file: IO[bytes]) -> str:
    """Return the SHA-256 of an open file, in hex."""
    digest = hashlib.sha256()
    while block := file.read(_HASH_BLOCK_BYTES):
        stop_if_interrupted()
        digest.update(block)
    return digest.hexdigest()
