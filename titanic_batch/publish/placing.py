"""Put what was written under private names into its place; after a crash, the rest of it."""

from __future__ import annotations

import stat
from pathlib import Path

from titanic_batch.errors import os_errors
from titanic_batch.publish.manifest import Manifest, read_manifest
from titanic_batch.publish.ownership import (
    describes,
    is_rejects_file,
    published,
    stale_rejects,
)
from titanic_batch.publish.paths import Leftovers, OutputPaths, temporary
from titanic_batch.publish.staging import Folder
from titanic_batch.publish.together import Steps, take_steps


def put_in_place(
    paths: OutputPaths, run_id: str, rejects: Path | None, *, again: bool = False
) -> Steps:
    """Rename a run's synced files: rejects, data, manifest; rejects that no longer apply go.

    The folder is synced before the manifest is renamed, too: a power cut may lose renames that no
    sync has followed in any order, and a manifest whose output was lost would prove nothing.

    Args:
        paths: The output.
        run_id: Of the run that wrote the private files.
        rejects: Where its rejects go; None where it has none.
        again: Complete what a crashed run began: what it had renamed is not there any more.

    Raises:
        OSError: where the system refuses; done again, the call does what is left.
    """
    stale = stale_rejects(paths) - {rejects}
    for target in (rejects, paths.data):
        if target is not None and not (again and not _is_file(temporary(target, run_id))):
            temporary(target, run_id).replace(target)
    for path in stale:
        path.unlink(missing_ok=True)
    folder = Folder(paths.data.parent)
    yield [folder, Folder(rejects.parent)] if rejects is not None else [folder]
    temporary(paths.manifest, run_id).replace(paths.manifest)
    yield [folder]


def recover(paths: OutputPaths, leftovers: Leftovers) -> None:
    """Bring what a crashed run left to a state that is old or new; the lock must be held.

    A run writes its manifest after everything else, and before its first rename. So a whole
    manifest under a private name means that the rest is on the disk, and the run is completed. It
    is not where a stranger's file has come to stand at the output's path since, nor where the
    manifest does not describe the data. Every other private file is dropped.
    """
    with os_errors(paths.data, "looking at the output's folder"):
        if not leftovers.are_beside(paths):
            return
        for record in leftovers.of(paths.manifest):
            manifest = read_manifest(record)
            if manifest is not None:
                _complete(paths, record, manifest)
        for target in (paths.manifest, paths.data, paths.rejects, paths.failed_rejects):
            for leftover in leftovers.of(target):
                leftover.unlink(missing_ok=True)


def _complete(paths: OutputPaths, record: Path, manifest: Manifest) -> None:
    run_id = manifest.run_id
    if record != temporary(paths.manifest, run_id):
        return
    rejects = Path(manifest.rejects.path) if manifest.rejects.path is not None else None
    if rejects is not None and not _is_file(temporary(rejects, run_id)):
        if not is_rejects_file(rejects):  # neither still to be renamed, nor renamed
            return
    elif rejects is not None and rejects.exists() and not is_rejects_file(rejects):
        return
    if not describes(manifest.output, paths.data):
        is_free = not paths.data.exists() or published(paths) is not None
        if not (is_free and describes(manifest.output, temporary(paths.data, run_id))):
            return
    take_steps([put_in_place(paths, run_id, rejects, again=True)])


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
