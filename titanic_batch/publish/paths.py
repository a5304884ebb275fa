"""The names of an output and of the files beside it."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MANIFEST_SUFFIX = ".manifest.json"
_REJECTS = ".rejects.csv"
_FAILED = ".failed.rejects.csv"
_KEPT_MANIFEST = re.compile(r".+\.manifest\.json\.[1-9][0-9]*", re.DOTALL)
_PRIVATE = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{32}\.(?P<kind>tmp|work)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class OutputPaths:
    """Where an output and its companions are.

    Attributes:
        data: The output.
        rejects: Its rejects file.
    """

    data: Path
    rejects: Path

    @cached_property
    def manifest(self) -> Path:
        """The manifest."""
        return _beside(self.data, MANIFEST_SUFFIX)

    @cached_property
    def failed_rejects(self) -> Path:
        """The rejects of a run that did not publish."""
        return _beside(self.data, _FAILED)

    @cached_property
    def lock(self) -> Path:
        """The lock file, there only while a run holds the output."""
        return self.data.with_name(f".{self.data.name}.lock")


def output_paths(output: str | Path, rejects: str | Path | None = None) -> OutputPaths:
    """Return the paths of an output; where it is a symlink, those of its target."""
    data = Path(os.path.realpath(output))
    return OutputPaths(
        data=data, rejects=Path(os.path.realpath(rejects)) if rejects else _beside(data, _REJECTS)
    )


def temporary(target: Path, run_id: str) -> Path:
    """Return the private name under which `target` is written by a run."""
    return target.with_name(f".{target.name}.{run_id}.tmp")


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

    def are_beside(self, paths: OutputPaths) -> bool:
        """Tell whether there are any in the folders of an output and its rejects."""
        return any(self._in(_folder(path)) for path in (paths.data, paths.rejects))

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


def is_companion(name: str) -> bool:
    """Tell whether a file name is one that titanic-batch writes beside outputs."""
    return (
        name.endswith((MANIFEST_SUFFIX, _REJECTS, ".tmp", ".part"))
        or name.startswith(".")
        or _KEPT_MANIFEST.fullmatch(name) is not None
    )


def _folder(path: Path) -> str:
    return os.path.dirname(path)  # noqa: PTH120  # a Path more costs more than all that is done


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
