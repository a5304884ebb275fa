"""Put a folder in another's place at one instant, where the system can."""

from __future__ import annotations

import ctypes
import errno
import os
import sys

_AT_FDCWD = -100 if sys.platform == "linux" else -2
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_NOT_HERE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


def exchange(one: str, other: str) -> bool:
    """Let two folders of one file system change places at one instant.

    Linux does so by renameat2(2), macOS by renameatx_np(2).

    Returns:
        Whether they have: some file systems, NFS among them, cannot.

    Raises:
        OSError: if the system refuses.
    """
    name = "renameat2" if sys.platform == "linux" else "renameatx_np"
    rename = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if rename is None:
        return False
    places = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    if rename(*places, ctypes.c_uint(_EXCHANGE)) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_HERE:
        return False
    raise OSError(code, os.strerror(code), one, None, other)


def move(one: str, other: str) -> None:
    """Put a file in another's place, or a folder where there is none, within one file system."""
    os.replace(one, other)
