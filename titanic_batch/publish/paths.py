"""The names of an output and of the files beside it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from titanic_batch.stores import store_of

MANIFEST_SUFFIX = ".manifest.json"
_REJECTS = ".rejects.csv"
_FAILED = ".failed.rejects.csv"
#: The companions in a folder of parts.
FOLDER_MANIFEST = "_manifest.json"
FOLDER_REJECTS = "_rejects.csv"
_KEPT_MANIFEST = re.compile(r".+\.manifest\.json\.[1-9][0-9]*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class OutputPaths:
    """The paths of an output and its companions.

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
    """Refuse an output beside which the store has no room for the names of its companions.

    Ask before anything is read: the longest of them is written last.

    Raises:
        UsageError: if a name, or the whole path, is too long.
    """
    for path, suffix in ((paths.data, _FAILED), (paths.rejects, "")):
        store_of(path).check_name(path, suffix)


def is_companion(name: str) -> bool:
    """Return whether a file name is one that titanic-batch writes beside outputs."""
    return (
        name.endswith((MANIFEST_SUFFIX, _REJECTS, ".tmp", ".part"))
        or name.startswith(".")
        or name in (FOLDER_MANIFEST, FOLDER_REJECTS)
        or _KEPT_MANIFEST.fullmatch(name) is not None
    )


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
