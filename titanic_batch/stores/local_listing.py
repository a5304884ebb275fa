"""Look for files by a glob in the file system: each folder once, whatever links lead to it."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Hashable
from pathlib import Path

from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.stores.patterns import (
    Reached,
    is_hidden_folder,
    reached_at_root,
    reached_in,
    split_glob,
)


def files_of_glob(pattern: str, onerror: Callable[[OSError], None] | None = None) -> list[str]:
    """Return the paths of the files that a glob means, in order; see `stores.base.Store.glob`."""
    root, parts = split_glob(pattern)
    if not parts and os.path.lexists(root) and not Path(root).is_dir():
        return [root]
    return sorted(_Look(parts, onerror).files_in(root))


class _Look:
    """Looks through folders; links wait until all that is no link has been looked through."""

    def __init__(
        self, parts: tuple[str, ...], onerror: Callable[[OSError], None] | None = None
    ) -> None:
        self._parts = parts
        self._onerror = onerror
        self._found: list[str] = []
        self._seen: set[Hashable] = set()
        self._folders: list[tuple[str, Reached]] = []
        self._links: list[tuple[str, Reached]] = []

    def files_in(self, root: str) -> list[str]:
        self._folders.append((root, reached_at_root(self._parts)))
        while self._folders or self._links:
            if not self._folders:
                path, reached = heapq.heappop(self._links)
                if not _leads_up(path):
                    self._folders.append((path, reached))
                continue
            stop_if_interrupted()
            self._look_into(*self._folders.pop())
        return self._found

    def _look_into(self, folder: str, reached: Reached) -> None:
        prefix = "" if folder == "." else os.path.join(folder, "")
        try:
            with os.scandir(folder) as entries:
                found = os.stat(folder)  # thousands of times
                identity = (found.st_dev, found.st_ino)
                if identity in self._seen:
                    return
                self._seen.add(identity)
                for entry in entries:
                    is_folder = _is_folder(entry)
                    hidden = is_hidden_folder(entry.name) if is_folder else entry.name[0] == "."
                    met = reached_in(self._parts, reached, entry.name, is_hidden=hidden)
                    if is_folder and met and entry.is_symlink():
                        heapq.heappush(self._links, (prefix + entry.name, met))
                    elif is_folder and met:
                        self._folders.append((prefix + entry.name, met))
                    elif len(self._parts) in met:
                        self._found.append(prefix + entry.name)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            pass  # there is none, as where its name has a NUL; or it went meanwhile
        except OSError as exc:
            if self._onerror is not None:
                self._onerror(exc)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself, or to where we may not look
        return False


def _leads_up(link: str) -> bool:
    """Return whether a link leads to a folder that it lies in."""
    inside = os.path.realpath(os.path.dirname(link))
    target = os.path.realpath(link)
    return os.path.commonpath([inside, target]) == target
