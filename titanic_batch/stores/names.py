"""Names as stores take them: text with slashes between its parts, be it a path or a URL."""

from __future__ import annotations

import os


def folder_of(name: str) -> str:
    """Return the folder, or prefix, that a name is in; "" for none."""
    return os.path.dirname(name)


def last_part(name: str) -> str:
    """Return the part of a name behind its last slash."""
    return os.path.basename(name)


def join(folder: str, name: str) -> str:
    """Return the name of what stands in a folder."""
    return os.path.join(folder, name)


def as_folder(name: str) -> str:
    """Return a folder's name with one slash at its end."""
    return name if name.endswith("/") else f"{name}/"
