"""The names of an output and of the files beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from titanic_batch.stores import store_of
from titanic_batch.stores.base import Name

MANIFEST_SUFFIX = ".manifest.json"
REJECTS_SUFFIX = ".rejects.csv"
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

    data: str
    rejects: str

    @cached_property
    def manifest(self) -> str:
        """The manifest."""
        return self.data + MANIFEST_SUFFIX

    @cached_property
    def failed_rejects(self) -> str:
        """The rejects of a run that did not publish."""
        return self.data + _FAILED


def output_paths(output: Name, rejects: Name | None = None) -> OutputPaths:
    """Return the paths of an output; where it is a symlink, those of its target."""
    data = store_of(output).resolve(output)
    return OutputPaths(
        data=data,
        rejects=store_of(rejects).resolve(rejects) if rejects else data + REJECTS_SUFFIX,
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
        name.endswith((MANIFEST_SUFFIX, REJECTS_SUFFIX, ".tmp", ".part"))
        or name.startswith(".")
        or name in (FOLDER_MANIFEST, FOLDER_REJECTS)
        or _KEPT_MANIFEST.fullmatch(name) is not None
    )
