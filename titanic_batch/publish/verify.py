"""Does an output still match its manifest?"""

from __future__ import annotations

from dataclasses import dataclass

from titanic_batch.errors import DataError, os_errors
from titanic_batch.interrupts import interruptible
from titanic_batch.publish.directory import verify_folder
from titanic_batch.publish.manifest import Manifest, UnreadableManifest, find_manifest
from titanic_batch.publish.paths import output_paths
from titanic_batch.publish.row_count import count_rows
from titanic_batch.stores import store_of
from titanic_batch.stores.base import Name, hash_file


@dataclass(frozen=True, kw_only=True)
class Verification:
    """An output that matches its manifest.

    Attributes:
        path: The output.
        rows: Rows in it.
        sha256: Its hash; of a folder, that of the list of its parts' hashes.
        manifest: Its manifest.
    """

    path: str
    rows: int
    sha256: str
    manifest: Manifest


def verify(output: Name) -> Verification:
    """Read an output, a file or a folder of parts, again and hold it against its manifest.

    Raises:
        UsageError: if it is a folder without a manifest.
        DataError: if there is no output, the manifest is missing or damaged, or the output's size,
            hash or row count is not what it says.
        FileAccessError: if it cannot be read.
    """
    paths = output_paths(output)
    with os_errors(paths.data, "reading"):
        found = store_of(paths.data).stat(paths.data)
    if found is not None and found.kind == "folder":
        of_parts, count = verify_folder(paths.data)
        return Verification(
            path=paths.data, rows=count, sha256=of_parts.output.sha256, manifest=of_parts
        )
    if found is None:
        raise DataError(
            "there is no such output", where=paths.data, hint="Check the path, or score it."
        )
    manifest = find_manifest(paths.manifest)
    if manifest is None:
        raise DataError("its manifest is missing", where=paths.manifest, hint="Score it again.")
    if isinstance(manifest, UnreadableManifest):
        raise DataError(
            f"its manifest cannot be used: {manifest.reason}",
            where=paths.manifest,
            hint=manifest.hint or "Score it again.",
        )
    known, rows = manifest.output, manifest.rows
    if found.kind != "file":
        raise _differs(paths.data, "it is not a regular file")
    with os_errors(paths.data, "reading"), store_of(paths.data).open(paths.data).file as file:
        sha256 = hash_file(file)
        size = file.tell()
    if size != known.bytes:
        raise _differs(paths.data, f"it has {size:,} bytes, its manifest says {known.bytes:,}")
    if sha256 != known.sha256:
        raise _differs(paths.data, "its SHA-256 is not the one in its manifest")
    with interruptible():
        count = count_rows(paths.data, known.format)
    if count != rows.scored:
        raise _differs(paths.data, f"it holds {count:,} rows, its manifest says {rows.scored:,}")
    return Verification(path=paths.data, rows=count, sha256=sha256, manifest=manifest)


def _differs(path: str, what: str) -> DataError:
    return DataError(what, where=path, hint="Score it again.")
