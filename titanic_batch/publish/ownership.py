"""Whose is the file that stands at the output's path?"""

from __future__ import annotations

import errno
import os

from titanic_batch.errors import FileAccessError, UsageError, os_errors
from titanic_batch.publish.manifest import (
    FileInfo,
    Manifest,
    UnreadableManifest,
    find_manifest,
    read_manifest,
)
from titanic_batch.publish.paths import (
    FOLDER_MANIFEST,
    MANIFEST_SUFFIX,
    REJECTS_SUFFIX,
    OutputPaths,
    output_paths,
)
from titanic_batch.publish.rejects import HEADER, count_reasons
from titanic_batch.stores import entry_at, store_of
from titanic_batch.stores.base import Name, hash_file
from titanic_batch.stores.names import folder_of, join, last_part


def refuse_foreign(paths: OutputPaths, *, overwrite: bool) -> None:
    """Refuse to replace a file that titanic-batch did not write.

    Raises:
        UsageError: if there is one and `overwrite` is false, or what stands there is no ordinary
            file: to rename over a device or a pipe would end it.
        FileAccessError: if a folder stands where one of the files goes.
    """
    files = (paths.data, paths.rejects, paths.failed_rejects, paths.manifest)
    if not any(entry_at(path, follow=False) for path in files):
        return
    data = store_of(paths.data).stat(paths.data)
    if data is not None and data.kind == "folder":
        raise FileAccessError(
            "the output is a folder",
            where=paths.data,
            hint="Name a file in it, ending in .csv or .parquet.",
        )
    for path in files:
        _refuse_special(path)
    if overwrite:
        return
    if data is not None and published(paths) is None:
        found = find_manifest(paths.manifest)
        why = found.reason if isinstance(found, UnreadableManifest) else ""
        raise UsageError(
            "this file was not written by titanic-batch, or was changed since"
            + (f"; its manifest cannot be used: {why}" if why else ""),
            where=paths.data,
            hint="Choose another output, or replace it with --overwrite.",
        )
    manifest = entry_at(paths.manifest, follow=False)
    if manifest is not None and manifest.kind == "file" and data is None:
        _refuse_unreadable_manifest(paths.manifest)
    refuse_foreign_rejects(paths.rejects)


def _refuse_unreadable_manifest(path: str) -> None:
    found = find_manifest(path)
    if isinstance(found, UnreadableManifest):
        raise UsageError(
            f"the manifest is to be written here, and this file is not a manifest: {found.reason}",
            where=path,
            hint=f"{found.hint} Choose another output, or replace it with --overwrite.".lstrip(),
        )


def _refuse_special(path: str) -> None:
    """Refuse what is no file; a link is replaced itself."""
    found = entry_at(path, follow=False)
    if found is None:
        return
    if found.kind == "folder":
        raise FileAccessError(
            "a folder stands where this file is to be written",
            where=path,
            hint="Choose another path, or remove it.",
        )
    if found.kind == "special":
        raise UsageError(
            "this is a device, a pipe or a socket, not a file",
            where=path,
            hint="Choose another path.",
        )


def refuse_foreign_rejects(path: str) -> None:
    """Refuse to replace a file that is no rejects file, going by its header.

    Raises:
        FileAccessError: if `path` is a folder.
        UsageError: if it is such a file, or no ordinary one.
    """
    _refuse_special(path)
    if store_of(path).stat(path) is None:
        return
    with os_errors(path, "reading"):
        is_ours = is_rejects_file(path)
    if not is_ours:
        raise UsageError(
            "rejects are to be written here, and this is not a rejects file",
            where=path,
            hint="Choose another place for them, or replace it with --overwrite.",
        )


def published(paths: OutputPaths) -> Manifest | None:
    """Return the manifest of the output that stands at `paths`; None unless it describes it."""
    manifest = read_manifest(paths.manifest)
    return manifest if manifest is not None and describes(manifest.output, paths.data) else None


def is_published(path: Name) -> bool:
    """Return whether titanic-batch published the file, going by what its manifest says it is."""
    found_here = entry_at(path, follow=False)
    is_link = found_here is not None and found_here.kind == "link"
    if last_part(os.fspath(path)).startswith("part-") and _is_listed(os.fspath(path)):
        return True
    if not is_link and entry_at(f"{os.fspath(path)}{MANIFEST_SUFFIX}", follow=False) is None:
        return False
    found = find_manifest(output_paths(path).manifest)
    return found.is_ours if isinstance(found, UnreadableManifest) else found is not None


def _is_listed(path: str) -> bool:
    """Return whether a file is a part that the manifest of its folder lists."""
    manifest = read_manifest(join(folder_of(path), FOLDER_MANIFEST))
    listed = (part["name"] for part in (manifest.parts if manifest is not None else None) or ())
    return last_part(path) in listed


def describes(known: FileInfo, file: Name) -> bool:
    """Return whether a file is the one that a manifest knows, to the byte; a symlink is none."""
    try:
        with os_errors(file, "reading"):
            found = store_of(file).stat(file, follow=False)
            if found is None or found.kind != "file" or found.size != known.bytes:
                return False  # nor is a pipe, which would wait
            with store_of(file).open(file).file as opened:
                return hash_file(opened) == known.sha256
    except FileAccessError as exc:
        if isinstance(exc.__cause__, (FileNotFoundError, NotADirectoryError)):
            return False  # it went meanwhile
        raise


def stale_rejects(paths: OutputPaths) -> set[str]:
    """Return the rejects files that belong to the output published so far, and to failed runs."""
    own = {paths.data + REJECTS_SUFFIX, paths.failed_rejects}
    stale = {path for path in own if is_rejects_file(path)}
    manifest = read_manifest(paths.manifest)
    if manifest is not None and manifest.rejects.path is not None:
        listed = manifest.rejects.path
        if listed not in own and _holds_rejects_of(manifest, listed):
            stale.add(listed)
    return stale


def _holds_rejects_of(manifest: Manifest, path: str) -> bool:
    """Return whether a file that a manifest names is what that run rejected.

    A manifest that was edited, or planted, may name any file. It goes only if it is this user's,
    and holds as many rejects of each reason as the manifest says.
    """
    try:
        found = store_of(path).stat(path, follow=False)
        return (
            found is not None
            and found.kind == "file"
            and found.is_own
            and is_rejects_file(path)
            and count_reasons(path) == manifest.rejects.by_reason
        )
    except OSError:
        return False


def is_rejects_file(path: Name) -> bool:
    """Return whether a file begins as rejects files do; a pipe, which would wait, is not opened."""
    try:
        found = store_of(path).stat(path)
        if found is None or found.kind != "file":
            return False
        with store_of(path).open(path).file as file:
            return file.read(len(HEADER)) == HEADER
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return False
    except OSError as exc:
        if exc.errno in (errno.ENAMETOOLONG, errno.ELOOP):  # as an edited manifest may name it
            return False
        raise
