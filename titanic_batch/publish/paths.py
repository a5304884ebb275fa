"""The names of an output and of the files beside it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from titanic_batch.errors import UsageError
from titanic_batch.stores.private import temporary

MANIFEST_SUFFIX = ".manifest.json"
_REJECTS = ".rejects.csv"
_FAILED = ".failed.rejects.csv"
_KEPT_MANIFEST = re.compile(r".+\.manifest\.json\.[1-9][0-9]*", re.DOTALL)
#: Every file system takes names and paths of so many bytes, and is not asked.
_AT_LEAST = {"PC_NAME_MAX": 143, "PC_PATH_MAX": 1024}
_NO_LIMIT = 1 << 30
#: As long as a run's id.
_ANY_RUN = "0" * 32


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
                    hint=f"Choose a shorter {what}, by {length - most:,} bytes at least.",
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


def is_companion(name: str) -> bool:
    """Tell whether a file name is one that titanic-batch writes beside outputs."""
    return (
        name.endswith((MANIFEST_SUFFIX, _REJECTS, ".tmp", ".part"))
        or name.startswith(".")
        or _KEPT_MANIFEST.fullmatch(name) is not None
    )


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
