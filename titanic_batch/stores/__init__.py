"""Where the files are that a user names: every open, list, stage, commit and lock goes through one.

base            the protocol
local           the file system
local_staging   files that are written in private there, and renamed into place
private         the private names beside an output
"""

import contextlib

from titanic_batch.stores.base import Entry, Name, Store
from titanic_batch.stores.local import LocalStore

__all__ = ["entry_at", "store_of"]

_LOCAL = LocalStore()


def store_of(name: Name) -> Store:  # noqa: ARG001  # there is only one yet
    """Return the store that a name belongs to."""
    return _LOCAL


def entry_at(name: Name, *, follow: bool = True) -> Entry | None:
    """Return what stands at a name; None for nothing, and where that cannot be known."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: a null byte in a path
        return store_of(name).stat(name, follow=follow)
    return None
