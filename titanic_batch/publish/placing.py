"""Put what was written under private names into its place; after a crash, the rest of it."""

from __future__ import annotations

from titanic_batch.errors import os_errors
from titanic_batch.publish.manifest import Manifest, read_manifest
from titanic_batch.publish.ownership import (
    describes,
    is_rejects_file,
    published,
    stale_rejects,
)
from titanic_batch.publish.paths import OutputPaths
from titanic_batch.publish.stale_files import StaleFiles
from titanic_batch.publish.together import Steps, take_steps
from titanic_batch.stores import store_of
from titanic_batch.stores.base import Staged


def put_in_place(
    paths: OutputPaths,
    record: Staged,
    *,
    data: Staged | None,
    rejects: Staged | None,
    rejects_path: str | None,
) -> Steps:
    """Commit a run's synced files: rejects, data, manifest; rejects that no longer apply go.

    The folder is synced before the manifest is renamed, too: a power cut may lose renames that no
    sync has followed in any order, and a manifest whose output was lost would prove nothing.

    Args:
        paths: The output.
        record: The run's manifest.
        data: Its output; None where a run that crashed has committed it.
        rejects: Its rejects; None where it has none, or they are committed.
        rejects_path: Where they go; None where it has none.

    Raises:
        OSError: where the system refuses; done again, the call does what is left.
    """
    store = store_of(paths.data)
    stale = stale_rejects(paths) - {rejects_path}
    for staged in (rejects, data):
        if staged is not None:
            staged.commit()
    for path in stale:
        store.remove(path)
    yield store.unsynced([paths.data, *([rejects_path] if rejects_path is not None else [])])
    record.commit()
    yield store.unsynced([paths.manifest])


def recover(paths: OutputPaths, stale_files: StaleFiles) -> None:
    """Bring what a crashed run left to a state that is old or new; the lock must be held.

    A run writes its manifest after everything else, and before its first rename. So a whole
    manifest under a private name means that the rest is on the disk, and the run is completed. It
    is not where a stranger's file has come to stand at the output's path since, nor where the
    manifest does not describe the data. Every other private file is dropped.
    """
    store = store_of(paths.data)
    with os_errors(paths.data, "looking at the output's folder"):
        if not stale_files.are_beside((paths.data, paths.rejects)):
            return
        for place in stale_files.of(paths.manifest):
            manifest = read_manifest(place)
            if manifest is not None:
                _complete(paths, place, manifest)
        for target in (paths.manifest, paths.data, paths.rejects, paths.failed_rejects):
            for leftover in stale_files.of(target):
                store.remove(leftover)


def _complete(paths: OutputPaths, place: str, manifest: Manifest) -> None:
    store, run_id = store_of(paths.data), manifest.run_id
    record = store.staged(paths.manifest, run_id)
    if record is None or record.place != place:
        return
    data = store.staged(paths.data, run_id)
    rejects_path, rejects = manifest.rejects.path, None
    if rejects_path is not None:
        rejects = store.staged(rejects_path, run_id)
        is_free = rejects is not None and store.stat(rejects_path) is None
        if not (is_free or is_rejects_file(rejects_path)):
            return  # neither still to be committed, nor committed
    if not describes(manifest.output, paths.data):
        is_free = store.stat(paths.data) is None or published(paths) is not None
        if not (is_free and data is not None and describes(manifest.output, data.place)):
            return
    take_steps([put_in_place(paths, record, data=data, rejects=rejects, rejects_path=rejects_path)])
