"""Whose is the file that stands at the output's path? And what did a crashed run leave behind?"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from titanic_batch.errors import OutputError, UsageError, os_errors
from titanic_batch.publish.manifest import read_manifest
from titanic_batch.publish.paths import OutputPaths, leftovers, output_paths
from titanic_batch.publish.rejects import HEADER
from titanic_batch.publish.staging import hash_file, sync_folder


def recover(paths: OutputPaths) -> None:
    """Bring what a crashed run left to a state that is old or new; the lock must be held.

    A run brings its manifest to the disk under a private name before its first rename. So a private
    manifest that describes the very file that stands at the output's path means that the run died
    between its renames: the rest of them is done now. Every other private file is dropped.
    """
    with os_errors(paths.data, "looking at the output's folder"):
        for staged in list(leftovers(paths.manifest)):
            document = read_manifest(staged)
            if document is not None and _describes(document, paths.data):
                if (document.get("rejects") or {}).get("path") is None:
                    _remove_published_rejects(paths)
                staged.replace(paths.manifest)
                sync_folder(paths.data.parent)
        for target in (paths.manifest, paths.data, paths.rejects, paths.failed_rejects):
            if target.parent.is_dir():
                for leftover in list(leftovers(target)):
                    leftover.unlink(missing_ok=True)


def refuse_foreign(paths: OutputPaths, *, overwrite: bool) -> None:
    """Refuse to replace a file that titanic-batch did not write.

    Raises:
        UsageError: if there is one and `overwrite` is false.
        OutputError: if the output's path is a folder.
    """
    if paths.data.is_dir():
        raise OutputError(
            "the output is a folder",
            where=str(paths.data),
            cure="Name a file in it, ending in .csv or .parquet.",
        )
    if overwrite:
        return
    if paths.data.exists() and published(paths) is None:
        raise UsageError(
            "this file was not written by titanic-batch, or was changed since",
            where=str(paths.data),
            cure="Choose another output, or replace it with --overwrite.",
        )
    refuse_foreign_rejects(paths.rejects)


def refuse_foreign_rejects(path: Path) -> None:
    """Refuse to replace a file that is no rejects file, going by its header.

    Raises:
        UsageError: if `path` is one.
    """
    if not path.exists():
        return
    with os_errors(path, "reading"), path.open("rb") as file:
        is_ours = file.readline() == HEADER
    if not is_ours:
        raise UsageError(
            "rejects are to be written here, and this is no rejects file",
            where=str(path),
            cure="Choose another with --rejects, or replace it with --overwrite.",
        )


def published(paths: OutputPaths) -> dict[str, Any] | None:
    """Return the manifest of the output that stands at `paths`; None unless it describes it."""
    document = read_manifest(paths.manifest)
    return document if document is not None and _describes(document, paths.data) else None


def is_published(path: Path) -> bool:
    """Tell whether titanic-batch published the file, going by its manifest."""
    return read_manifest(output_paths(path).manifest) is not None


def _describes(document: dict[str, Any], data: Path) -> bool:
    output = document["output"]
    try:
        with data.open("rb") as file:
            same_size = data.stat().st_size == output["bytes"]
            return same_size and hash_file(file) == str(output["sha256"])
    except (FileNotFoundError, IsADirectoryError):
        return False


def _published_rejects(paths: OutputPaths) -> Path | None:
    document = read_manifest(paths.manifest) or {}
    path = (document.get("rejects") or {}).get("path")
    return Path(path) if isinstance(path, str) else None


def stale_rejects(paths: OutputPaths) -> set[Path]:
    """Return the rejects files that the output published so far has."""
    own = paths.data.with_name(paths.data.name + ".rejects.csv")
    return {own} | ({listed} if (listed := _published_rejects(paths)) else set())


def _remove_published_rejects(paths: OutputPaths) -> None:
    for path in (*stale_rejects(paths), paths.failed_rejects):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
