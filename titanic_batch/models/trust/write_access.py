"""Find out whether somebody else can change a file on which trust rests.

As sshd judges the files of a user: it must be the user's own or root's, writable for its owner
alone, and so must every folder above it, for who can write one can put another in its place. A
group counts as others even where the user is alone in it: who is in it changes elsewhere. A folder
with the sticky bit (/tmp) lets nobody replace what is another's, and through a read-only mount (a
Kubernetes ConfigMap, say) nobody replaces anything.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from titanic_batch.printable import shell_quoted

_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_MOST_LINKS = 40  # as Linux


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """A way for somebody else to change a file.

    Attributes:
        why: As a part of a sentence about the file: "others can write to it".
        command: What ends it, for a shell.
    """

    why: str
    command: str


def exposure_of(
    path: Path, found: os.stat_result, *, sticky_counts: bool = False
) -> Exposure | None:
    """Return how somebody else can change a file; None where nobody can.

    Args:
        path: The file.
        found: What the system says of the very descriptor that it is read from.
        sticky_counts: Whether a folder in which everybody may make files, and nobody replace
            another's, is one that others can write to: what lies there may have lain there first.
    """
    if found.st_mode & _OTHERS:
        return Exposure(
            why="others can write to it", command=f"chmod go-w {shell_quoted(str(path))}"
        )
    if not _is_ours(found) and not _is_read_only(path):
        return _owned("it", found, path)
    return exposure_of_place(path, sticky_counts=sticky_counts)


def exposure_of_place(path: Path, *, sticky_counts: bool = False) -> Exposure | None:
    """Return how somebody else can put another file in a file's place; None where nobody can."""
    for place in _places(path):
        found = place.lstat()
        is_link = stat.S_ISLNK(found.st_mode)
        is_sticky = found.st_mode & stat.S_ISVTX and not sticky_counts
        is_open = not is_link and found.st_mode & _OTHERS and not is_sticky
        if (_is_ours(found) and not is_open) or _is_read_only(place.parent if is_link else place):
            continue
        what = f"the link {place} on its path" if is_link else f"its folder {place}"
        if not _is_ours(found):
            return _owned(what, found, place)
        return Exposure(
            why=f"others can write to {what}", command=f"chmod go-w {shell_quoted(str(place))}"
        )
    return None


def _places(path: Path) -> Iterator[Path]:
    """Yield every folder and link that leads to a file, as the system follows them."""
    left = list(reversed(path.absolute().parts[1:]))
    links = 0
    here = Path("/")
    yield here
    while left:
        part = left.pop()
        place = here.parent if part == ".." else here / part
        if place.is_symlink():
            links += 1
            if links > _MOST_LINKS:
                return
            yield place
            target = place.readlink()
            left += reversed([name for name in target.parts if name != "/"])
            here = Path("/") if target.is_absolute() else here
        elif left:
            here = place
            yield here


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid in (0, os.geteuid())


def _is_read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _owned(what: str, found: os.stat_result, path: Path) -> Exposure:
    itself = "-h " if stat.S_ISLNK(found.st_mode) else ""
    return Exposure(
        why=f"{what} belongs to another user, {_name(found.st_uid)}",
        command=f"chown {itself}{_name(os.geteuid())} {shell_quoted(str(path))}",
    )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
