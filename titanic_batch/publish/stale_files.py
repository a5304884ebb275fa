"""StaleFiles: the temporary files that runs which died left beside outputs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from titanic_batch.stores import store_of


class StaleFiles:
    """The private files and work folders that earlier runs left in the output folders.

    Each folder is listed once, when it is first asked for: thousands of outputs in one folder must
    not list it thousands of times. What a run that dies meanwhile leaves is left to the next one.
    """

    def __init__(self) -> None:
        self._by_folder: dict[str, dict[tuple[str, str], list[Path]]] = {}

    def are_beside(self, targets: Iterable[Path]) -> bool:
        """Return whether the folders of these outputs hold any stale files."""
        return any(self._in(_folder(path)) for path in targets)

    def of(self, target: Path) -> list[Path]:
        """Return the private files of one output or companion file."""
        return self._find(target, "tmp")

    def work_of(self, data: Path) -> list[Path]:
        """Return the work folders of one output."""
        return self._find(data, "work")

    def _find(self, target: Path, kind: str) -> list[Path]:
        found = self._in(_folder(target))
        return found.get((target.name, kind), []) if found else []

    def _in(self, folder: str) -> dict[tuple[str, str], list[Path]]:
        if folder not in self._by_folder:
            found: dict[tuple[str, str], list[Path]] = {}
            for left in store_of(folder).left_behind(folder):
                found.setdefault((left.target, left.kind), []).append(left.place)
            self._by_folder[folder] = found
        return self._by_folder[folder]


def _folder(path: Path) -> str:
    return os.path.dirname(path)  # noqa: PTH120  # a Path more costs more than all that is done
