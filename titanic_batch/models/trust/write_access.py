"""Whether somebody else can change a file on which trust rests."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def writable_by_others(path: Path, mode: int) -> Path | None:
    """Return what others can write: the file, or a folder in which they could replace it.

    Args:
        path: The file.
        mode: The file's mode, of the very descriptor that it is read from.

    Returns:
        The file or the folder, None where nobody else can write either.
    """
    if mode & _OTHERS:
        return path
    # Who can write the folder can put another file in its place, unless the sticky bit or a
    # read-only mount (a Kubernetes ConfigMap, say) stands against it. A link has two folders.
    for folder in dict.fromkeys((path.parent.resolve(), path.resolve().parent)):
        folder_mode = folder.stat().st_mode
        if not folder_mode & _OTHERS or folder_mode & stat.S_ISVTX:
            continue
        if not os.statvfs(folder).f_flag & os.ST_RDONLY:
            return folder
    return None
