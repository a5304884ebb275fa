"""The private names beside an output in the file system, and what dead runs left under them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

_PRIVATE = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{32}\.(?P<kind>tmp|work)", re.DOTALL)


def temporary(target: Path, run_id: str) -> Path:
    """Return the private name under which `target` is written by a run."""
    return target.with_name(f".{target.name}.{run_id}.tmp")


def lock_file(target: Path) -> Path:
    """Return the lock file of an output, there only while a run holds it."""
    return target.with_name(f".{target.name}.lock")


def work_folder(data: Path, fingerprint: str) -> Path:
    """Return the folder that keeps what a run would need again if it were killed."""
    return data.with_name(f".{data.name}.{fingerprint}.work")


class Leftovers:
    """The private files and work folders that earlier runs left in the output folders.

    Each folder is listed once, when it is first asked for: thousands of outputs in one folder must
    not list it thousands of times. What a run that dies meanwhile leaves is left to the next one.
    """

    def __init__(self) -> None:
        self._by_folder: dict[str, dict[tuple[str, str], list[Path]]] = {}

    def are_beside(self, targets: Iterable[Path]) -> bool:
        """Tell whether there are any in the folders of these."""
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
            with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
                for entry in entries:
                    if private := _PRIVATE.fullmatch(entry.name):
                        key = (private["target"], private["kind"])
                        found.setdefault(key, []).append(Path(folder, entry.name))
            self._by_folder[folder] = found
        return self._by_folder[folder]


def _folder(path: Path) -> str:
    return os.path.dirname(path)  # noqa: PTH120  # a Path more costs more than all that is done
