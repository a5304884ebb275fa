"""Stores: every open, list, stage, commit and lock of a user's file goes through one.

base            the protocol
local           the file system
local_listing   looking for files there
local_staging   files that are written in private there, and renamed into place
names           taking names apart, and putting them together
patterns        globs
private         the private names beside an output, and how long names may be
"""

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from typing import Any

from titanic_batch.documents import parse_json
from titanic_batch.errors import FileAccessError, os_errors
from titanic_batch.stores.base import Entry, Name, Staged, Store
from titanic_batch.stores.local import LocalStore

__all__ = ["entry_at", "is_folder", "read_json", "require_writable", "store_of", "write_file"]

_LOCAL = LocalStore()
#: Thousands of columns make a manifest of a few megabytes.
_LARGEST_JSON_BYTES = 64 << 20


def store_of(name: Name) -> Store:  # noqa: ARG001  # there is only one yet
    """Return the store that a name belongs to."""
    return _LOCAL


def entry_at(name: Name, *, follow: bool = True) -> Entry | None:
    """Return what stands at a name; None for nothing, and where that cannot be known."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: a null byte in a path
        return store_of(name).stat(name, follow=follow)
    return None


def is_folder(name: Name) -> bool:
    """Return whether a folder stands at a name, or where a link there leads to."""
    found = entry_at(name)
    return found is not None and found.kind == "folder"


def read_json(name: Name, doing: str) -> Any:
    """Return a JSON file that anybody may have edited, cut or planted; None where there is none.

    Args:
        name: Where it is; a link is not followed.
        doing: What an error says was being done.

    Raises:
        NotADocumentError: if it is no JSON, or no ordinary file.
        FileAccessError: if the system refuses.
    """
    with os_errors(name, doing):
        data = store_of(name).read(name, limit=_LARGEST_JSON_BYTES)
    return None if data is None else parse_json(data)


def write_file(name: Name, data: bytes, doing: str, *, mode: int | None = None) -> None:
    """Write a small file over what stands there: a reader sees the old one or the new one.

    Args:
        name: Where it goes; its folder must exist.
        data: All of it.
        doing: What an error says was being done.
        mode: Its permission bits; None for those of the file before, else of a new one.

    Raises:
        FileAccessError: if the system refuses; nothing is left of the new file then.
    """
    store = store_of(name)
    with _staged(name, doing) as staged:
        staged.write(data)
        staged.seal(store.mode_for(name) if mode is None else mode)
        staged.sync()
        staged.commit()
        for unsynced in store.unsynced([name]):
            unsynced.sync()


def require_writable(name: Name, doing: str) -> None:
    """Refuse a name that `write_file` could not write to.

    Raises:
        FileAccessError: if its folder is missing or takes no file, or a folder stands there.
    """
    with _staged(name, doing) as staged:
        if is_folder(name):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        staged.seal(0o600)


@contextlib.contextmanager
def _staged(name: Name, doing: str) -> Iterator[Staged]:
    """Stage a file that is discarded unless it is committed; each error says what was done."""
    staged = store_of(name).stage(name, uuid.uuid4().hex)
    with os_errors(name, doing):
        try:
            yield staged
        except FileAccessError as exc:  # it says what the store was doing
            raise exc.__cause__ or exc from None
        finally:
            staged.discard()
