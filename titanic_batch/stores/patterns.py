"""Globs: where they begin, and what they mean of the names beneath. Any store can look by them."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

#: How many parts of a glob may have been met on the way to a name: `**` leaves several ways.
Reached = frozenset[int]

_ESCAPED = re.compile(r"\[([*?[])\]")
_ANY_FOLDERS = "**"


def split_glob(pattern: str) -> tuple[str, tuple[str, ...]]:
    """Return the path that a glob begins with, and its parts from the first wildcard on.

    `in/[[]a]/*/x*.csv`, where `[[]` is an escaped bracket, is `in/[a]` and `*`, `x*.csv`.
    """
    parts = pattern.rstrip("/").split("/")
    is_fixed = [not glob.has_magic(_ESCAPED.sub("", part)) for part in parts]
    count = is_fixed.index(False) if False in is_fixed else len(parts)
    fixed = _ESCAPED.sub(r"\1", "/".join(parts[:count]))
    root = fixed or ("/" if pattern.startswith("/") else ".")
    return root, tuple(part for part in parts[count:] if part not in ("", "."))


def is_hidden_folder(name: str) -> bool:
    """Return whether a folder's name says that none of a data set's files are in it.

    As to Spark and pyarrow: what is unfinished, and logs, lie in `_temporary` and `_delta_log`.
    """
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def reached_at_root(parts: tuple[str, ...]) -> Reached:
    """Return how much of a glob is met in the folder that it begins with."""
    return _over_any_folders(parts, (0,))


def reached_in(parts: tuple[str, ...], reached: Reached, name: str, *, is_hidden: bool) -> Reached:
    """Return how much of a glob is met by a name in a folder; nothing where it cannot be.

    The name is meant where all of the parts are met, and so is all beneath a folder that is.
    What is hidden is met only by a part that begins as it does.

    Args:
        parts: The glob's parts from its first wildcard on.
        reached: What is met by the folder.
        name: A file or folder in it.
        is_hidden: Whether it is hidden.
    """
    met = set()
    for count in reached:
        if count == len(parts) or parts[count] == _ANY_FOLDERS:
            if not is_hidden:
                met.add(count)
        elif fnmatchcase(name, parts[count]) and (not is_hidden or parts[count][0] == name[0]):
            met.add(count + 1)
    return _over_any_folders(parts, met)


def is_meant(parts: tuple[str, ...], name: str) -> bool:
    """Return whether a glob's parts mean a file by its name beneath where the glob begins.

    For stores that list all there is beneath a prefix.
    """
    *folders, last = name.split("/")
    reached = reached_at_root(parts)
    for folder in folders:
        reached = reached_in(parts, reached, folder, is_hidden=is_hidden_folder(folder))
    reached = reached_in(parts, reached, last, is_hidden=last.startswith("."))
    return len(parts) in reached


def _over_any_folders(parts: tuple[str, ...], met: Iterable[int]) -> Reached:
    """Add what is met where a `**` stands for no folder."""
    found = set(met)
    for at, part in enumerate(parts):
        if part == _ANY_FOLDERS and at in found:
            found.add(at + 1)
    return frozenset(found)
