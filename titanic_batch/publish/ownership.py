"""Whose is the file that stands at the output's path?"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from titanic_batch.errors import OutputError, UsageError, os_errors
from titanic_batch.publish.manifest import read_manifest
from titanic_batch.publish.paths import MANIFEST_SUFFIX, OutputPaths, output_paths
from titanic_batch.publish.rejects import HEADER
from titanic_batch.publish.staging import hash_file


def refuse_foreign(paths: OutputPaths, *, overwrite: bool) -> None:
    """Refuse to replace a file that titanic-batch did not write.

    Raises:
        UsageError: if there is one and `overwrite` is false, or what stands there is no ordinary
            file: to rename over a device or a pipe would end it.
        OutputError: if a folder stands where one of the files goes.
    """
    files = (paths.data, paths.rejects, paths.failed_rejects, paths.manifest)
    if not any(map(os.path.lexists, files)):
        return
    if paths.data.is_dir():
        raise OutputError(
            "the output is a folder",
            where=str(paths.data),
            cure="Name a file in it, ending in .csv or .parquet.",
        )
    for path in files:
        _refuse_special(path)
    if overwrite:
        return
    if paths.data.exists() and published(paths) is None:
        raise UsageError(
            "this file was not written by titanic-batch, or was changed since",
            where=str(paths.data),
            cure="Choose another output, or replace it with --overwrite.",
        )
    if paths.manifest.is_file() and not paths.manifest.is_symlink() and not paths.data.exists():
        _refuse_foreign_manifest(paths.manifest)
    refuse_foreign_rejects(paths.rejects)


def _refuse_foreign_manifest(path: Path) -> None:
    if read_manifest(path) is None:
        raise UsageError(
            "the manifest is to be written here, and this file is none of titanic-batch's",
            where=str(path),
            cure="Choose another output, or replace it with --overwrite.",
        )


def _refuse_special(path: Path) -> None:
    """Refuse what is no file; a link is replaced itself."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if stat.S_ISDIR(mode):
        raise OutputError(
            "a folder stands where this file is to be written",
            where=str(path),
            cure="Choose another path, or remove it.",
        )
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise UsageError(
            "this is no ordinary file, but a device, a pipe or a socket",
            where=str(path),
            cure="Choose another path.",
        )


def refuse_foreign_rejects(path: Path) -> None:
    """Refuse to replace a file that is no rejects file, going by its header.

    Raises:
        OutputError: if `path` is a folder.
        UsageError: if it is such a file, or no ordinary one.
    """
    _refuse_special(path)
    if not path.exists():
        return
    with os_errors(path, "reading"):
        is_ours = is_rejects_file(path)
    if not is_ours:
        raise UsageError(
            "rejects are to be written here, and this is no rejects file",
            where=str(path),
            cure="Choose another place for them, or replace it with --overwrite.",
        )


def published(paths: OutputPaths) -> dict[str, Any] | None:
    """Return the manifest of the output that stands at `paths`; None unless it describes it."""
    document = read_manifest(paths.manifest)
    return document if document is not None and describes(document, paths.data) else None


def is_published(path: Path) -> bool:
    """Tell whether titanic-batch published the file, going by its manifest."""
    if not path.is_symlink() and not os.path.lexists(f"{path}{MANIFEST_SUFFIX}"):
        return False
    return read_manifest(output_paths(path).manifest) is not None


def describes(document: dict[str, Any], data: Path) -> bool:
    """Tell whether a manifest's output is the file at `data`, to the byte; a symlink is none."""
    output = document["output"]
    if data.is_symlink():
        return False
    try:
        with os_errors(data, "reading"), data.open("rb") as file:
            same_size = data.stat().st_size == output["bytes"]
            return same_size and hash_file(file) == str(output["sha256"])
    except OutputError as exc:
        if isinstance(exc.__cause__, (FileNotFoundError, IsADirectoryError)):
            return False
        raise


def rejects_of(document: dict[str, Any]) -> Path | None:
    """Return where a manifest says that the rejects are; None where it names no place."""
    rejects = document.get("rejects")
    path = rejects.get("path") if isinstance(rejects, dict) else None
    return Path(path) if isinstance(path, str) else None


def stale_rejects(paths: OutputPaths) -> set[Path]:
    """Return the rejects files that belong to the output published so far, and to failed runs.

    A manifest that somebody planted may name any file: only what begins as a rejects file counts.
    """
    own = paths.data.with_name(paths.data.name + ".rejects.csv")
    listed = rejects_of(read_manifest(paths.manifest) or {})
    named = {own, paths.failed_rejects} | ({listed} if listed is not None else set())
    return {path for path in named if is_rejects_file(path)}


def is_rejects_file(path: Path) -> bool:
    """Tell whether a file begins as rejects files do; a pipe, which would wait, is not opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return file.readline(len(HEADER)) == HEADER
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return False
