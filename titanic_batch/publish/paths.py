"""The names of an output and of the files beside it."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from titanic_batch.errors import UsageError

MANIFEST_SUFFIX = ".manifest.json"
_REJECTS = ".rejects.csv"
_FAILED = ".failed.rejects.csv"
_KEPT_MANIFEST = re.compile(r".+\.manifest\.json\.[1-9][0-9]*", re.DOTALL)
#: Every file system takes names and paths of so many bytes, and is not asked.
_AT_LEAST = {"PC_NAME_MAX": 143, "PC_PATH_MAX": 1024}
_NO_LIMIT = 1 << 30
#: As long as a run's id.
_ANY_RUN = "0" * 32
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


def require_names(paths: OutputPaths) -> None:
    """Refuse an output beside which the file system has no room for the names of its companions.

    It is asked before anything is read: the longest of them is written last. What the names of a
    run's private files have of their own is always as long.

    Raises:
        UsageError: if a name, or the whole path, is too long.
    """
    for path, suffix in ((paths.data, _FAILED), (paths.rejects, "")):
        private = os.fsencode(temporary(_beside(path, suffix), _ANY_RUN))
        folder, name = os.path.split(private)
        lengths = {
            "PC_NAME_MAX": ("name", len(name)),
            "PC_PATH_MAX": ("path", len(private) + 1),  # with the NUL that ends it
        }
        for limit, (what, length) in lengths.items():
            if length > _AT_LEAST[limit] and length > (most := _limit_at(folder, limit)):
                added = len(name) - len(os.fsencode(path.name))
                raise UsageError(
                    f"its {what} is too long: with the {added} bytes that the files beside an "
                    f"output add, it has {length:,}, and {most:,} are possible here",
                    where=str(path),
                    cure=f"Choose a shorter {what}, by {length - most:,} bytes at least.",
                )


def _limit_at(folder: bytes, limit: str) -> int:
    """Return a file system's limit; of a folder that is yet to be made, the one above it."""
    while True:
        try:
            most = os.pathconf(folder, limit)
        except OSError:
            above = os.path.dirname(folder)  # noqa: PTH120  # bytes
            if above == folder:
                return _NO_LIMIT
            folder = above
        else:
            return most if most > 0 else _NO_LIMIT


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
