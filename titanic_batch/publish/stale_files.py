"""StaleFiles: the temporary files that runs which died left beside outputs."""

from __future__ import annotations

from collections.abc import Iterable

from titanic_batch.stores import store_of
from titanic_batch.stores.names import folder_of, last_part


class StaleFiles:
    """The private files and work folders that earlier runs left in the output folders.

    Each folder is listed once, when it is first asked for: thousands of outputs in one folder must
    not list it thousands of times. What a run that dies meanwhile leaves is left to the next one.
    """

    def __init__(self) -> None:
        self._by_folder: dict[str, dict[tuple[str, str], list[str]]] = {}

    def are_beside(self, targets: Iterable[str]) -> bool:
        """Return whether the folders of these outputs hold any stale files."""
        return any(self._in(folder_of(path)) for path in targets)

    def of(self, target: str) -> list[str]:
        """Return the private files of one output or companion file."""
        return self._find(target, "tmp")

    def work_of(self, data: str) -> list[str]:
        """Return the work folders of one output."""
        return self._find(data, "work")

    def _find(self, target: str, kind: str) -> list[str]:
        found = self._in(folder_of(target))
        return found.get((last_part(target), kind), []) if found else []

    def _in(self, folder: str) -> dict[tuple[str, str], list[str]]:
        if folder not in self._by_folder:
            found: dict[tuple[str, str], list[str]] = {}
            for left in store_of(folder).left_behind(folder):
                found.setdefault((left.target, left.kind), []).append(left.place)
            self._by_folder[folder] = found
        return self._by_folder[folder]
