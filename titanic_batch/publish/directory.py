"""An output that is a folder of parts: whose it is, what is in it, and how it is replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from titanic_batch.errors import DataError, UsageError, os_errors
from titanic_batch.interrupts import interruptible, stop_if_interrupted
from titanic_batch.publish.manifest import (
    FileInfo,
    Manifest,
    UnreadableManifest,
    find_manifest,
    read_manifest,
)
from titanic_batch.publish.ownership import describes
from titanic_batch.publish.paths import FOLDER_MANIFEST, FOLDER_REJECTS
from titanic_batch.publish.rejects import count_reasons
from titanic_batch.publish.row_count import count_rows
from titanic_batch.stores import entry_at, store_of, write_file
from titanic_batch.stores.base import Entry
from titanic_batch.stores.exchange import exchange, move
from titanic_batch.stores.names import folder_of, join, last_part

#: Readers of folders pass over names that begin so.
_UNREAD = ("_", ".")


def listing_sha256(parts: Iterator[tuple[str, str]]) -> str:
    """Return the SHA-256 that stands for parts: of what `sha256sum part-*` prints in their folder.

    Args:
        parts: Hash and name of each, in order.
    """
    text = "".join(f"{sha256}  {name}\n" for sha256, name in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def faults_of(folder: str, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield what in a folder is not as its manifest says: the file, and what is wrong with it.

    Raises:
        FileAccessError: if it cannot be read.
    """
    parts = manifest.parts or ()
    listed = {part["name"] for part in parts}
    for path in store_of(folder).list(folder):
        if last_part(path) not in listed and not last_part(path).startswith(_UNREAD):
            yield path, "its manifest does not list it"
    for part in parts:
        stop_if_interrupted()
        path = join(folder, part["name"])
        known = FileInfo(path="", format="", bytes=part["bytes"], sha256=part["sha256"])
        if store_of(path).stat(path, follow=False) is None:
            yield path, "this part is missing"
        elif not describes(known, path):
            yield path, "this part is not the one in its manifest: its size or SHA-256 differs"
    rejects = join(folder, FOLDER_REJECTS)
    if manifest.rows.rejected:
        with os_errors(rejects, "reading the rejects"):
            found = store_of(rejects).stat(rejects)
            if found is None or count_reasons(rejects) != manifest.rejects.by_reason:
                yield rejects, "it is missing, or holds other rejects than its manifest says"
    elif store_of(rejects).stat(rejects) is not None:
        yield rejects, "its manifest says that nothing was rejected"
    if sum(part["rows"] for part in parts) != manifest.rows.scored:
        yield join(folder, FOLDER_MANIFEST), "the rows of its parts do not add up"


def verify_folder(folder: str) -> tuple[Manifest, int]:
    """Read a folder of parts again and hold it against its manifest; return that, and the rows.

    Raises:
        UsageError: if there is no manifest in it.
        DataError: for what differs first.
        FileAccessError: if it cannot be read.
    """
    path = join(folder, FOLDER_MANIFEST)
    manifest = find_manifest(path)
    if manifest is None:
        raise UsageError(
            "this is a folder, and none that --parts has published",
            where=folder,
            hint="Verify each file in it: for f in FOLDER/*.parquet; do titanic-batch verify "
            '"$f"; done',
        )
    if isinstance(manifest, UnreadableManifest) or manifest.parts is None:
        why = manifest.reason if isinstance(manifest, UnreadableManifest) else "it lists no parts"
        raise DataError(f"its manifest proves nothing: {why}", where=path, hint="Score it again.")
    for at, what in faults_of(folder, manifest):
        raise DataError(what, where=at, hint="Score it again.")
    rows = 0
    for part in manifest.parts:
        at = join(folder, part["name"])
        with interruptible():
            count = count_rows(at, manifest.output.format)
        if count != part["rows"]:
            raise DataError(
                f"it holds {count:,} rows, its manifest says {part['rows']:,}",
                where=at,
                hint="Score it again.",
            )
        rows += count
    return manifest, rows


def published_in(folder: str) -> Manifest | None:
    """Return the manifest of the parts in a folder; None unless all of it is as that says."""
    manifest = read_manifest(join(folder, FOLDER_MANIFEST))
    if manifest is None or manifest.parts is None:
        return None
    return None if next(faults_of(folder, manifest), None) else manifest


def refuse_foreign_folder(folder: str, *, overwrite: bool) -> None:
    """Refuse to replace a folder that titanic-batch did not write; one that is empty is taken.

    What stands in a folder of the folder is never removed, `overwrite` or not.

    Raises:
        UsageError: if there is such a folder, or what stands there is a file.
        FileAccessError: if it cannot be read.
    """
    with os_errors(folder, "looking at the output"):
        found = store_of(folder).stat(folder)
        if found is None:
            return
        if found.kind != "folder":
            raise UsageError(
                "parts are published in a folder, and this is a file",
                where=folder,
                hint="Name a folder, which ends in /.",
            )
        inside = store_of(folder).list(folder)
        folders = [path for path in inside if _kind(path) == "folder"]
    if folders:
        raise UsageError(
            f"the output would replace this folder, and {last_part(folders[0])}/ is in it",
            where=folder,
            hint="Choose a folder of its own for the output.",
        )
    if not inside or overwrite or published_in(folder) is not None:
        return
    raise UsageError(
        "this folder was not written by titanic-batch, or was changed since",
        where=folder,
        hint="Choose another output, or replace all that is in it with --overwrite.",
    )


def _kind(path: str) -> str | None:
    found: Entry | None = store_of(path).stat(path, follow=False)
    return found.kind if found is not None else None


def put_folder_in_place(new: str, folder: str) -> None:
    """Publish a folder, synced to the disk, in another's place; what stood there is in `new` then.

    Both change places at one instant. Where the file system cannot do so (NFS), the new files are
    moved in beside the old ones, the manifest last, and then the old ones are removed: whoever
    reads what the manifest lists sees the old parts or the new ones.

    Raises:
        FileAccessError: if the system refuses.
    """
    with os_errors(folder, "publishing"):
        if store_of(folder).stat(folder, follow=False) is None:
            move(new, folder)
        elif not exchange(new, folder):
            write_file(_mark(new), b"", "publishing", mode=0o600)
            _move_into(new, folder)
        _sync(folder)


def finish_moving(new: str, folder: str) -> None:
    """Move in what a run that died has left to be moved; the output's lock must be held."""
    if entry_at(_mark(new)) is not None:
        with os_errors(folder, "publishing"):
            _move_into(new, folder)


def _mark(new: str) -> str:
    return join(folder_of(new), "moving")


def _move_into(new: str, folder: str) -> None:
    manifest = _manifest_in(new) or _manifest_in(folder)
    assert manifest is not None
    rejects = [FOLDER_REJECTS] if manifest.rows.rejected else []
    data = [*(part["name"] for part in manifest.parts or ()), *rejects]
    for name in data:
        if entry_at(join(new, name)) is not None:
            move(join(new, name), join(folder, name))
    _sync(
        join(folder, FOLDER_MANIFEST)
    )  # a power cut may lose what no sync has followed in any order
    if entry_at(join(new, FOLDER_MANIFEST)) is not None:
        move(join(new, FOLDER_MANIFEST), join(folder, FOLDER_MANIFEST))
        _sync(join(folder, FOLDER_MANIFEST))
    for path in store_of(folder).list(folder):
        if last_part(path) not in (*data, FOLDER_MANIFEST):
            store_of(path).remove(path)


def _manifest_in(folder: str) -> Manifest | None:
    return read_manifest(join(folder, FOLDER_MANIFEST))


def _sync(path: str) -> None:
    for unsynced in store_of(path).unsynced([path]):
        unsynced.sync()
