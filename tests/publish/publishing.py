"""Publish small made-up outputs, and look at what lies in a folder afterwards."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from titanic_batch.publish.manifest import (
    MANIFEST_VERSION,
    TOOL,
    FileInfo,
    Manifest,
    ModelInfo,
    RejectInfo,
    RowCounts,
    ToolInfo,
)
from titanic_batch.publish.paths import OutputPaths, output_paths
from titanic_batch.publish.publication import Publication
from titanic_batch.publish.rejects import Reject
from titanic_batch.publish.together import Steps, take_steps
from titanic_batch.stores.base import Name
from titanic_batch.stores.private import lock_file

OLD = b"id,prediction\n1,0\n2,0\n"
NEW = b"id,prediction\n1,1\n2,1\n3,1\n"


REJECTS = (
    Reject(row=4, line=5, column="id", reason="not-a-number", record="x,1"),
    Reject(row=6, line=7, column="", reason="wrong-width", record="1,2,3"),
)


def manifest_for(publication: Publication, data: bytes, rejects: Sequence[Reject] = ()) -> Manifest:
    scored, rejected = max(data.count(b"\n") - 1, 0), len(rejects)
    return Manifest(
        manifest_version=MANIFEST_VERSION,
        run_id=publication.run_id,
        status="published",
        started_at="2026-11-22T03:00:00.000Z",
        finished_at="2026-11-22T03:00:01.000Z",
        seconds=1.0,
        rows_per_second=float(scored + rejected),
        tool=ToolInfo(name=TOOL, version="0"),
        libraries={"python": "3"},
        options={},
        model=ModelInfo(ref="m", tag="m:1", sha256="0" * 64, schema_sha256="0" * 64),
        input=FileInfo(path="in.csv", format="csv", bytes=1, sha256="0" * 64),
        output=FileInfo(
            path=publication.paths.data,
            format="csv",
            bytes=publication.file.bytes_written,
            sha256=publication.file.sha256,
        ),
        rows=RowCounts(read=scored + rejected, scored=scored, rejected=rejected),
        rejects=RejectInfo(
            path=publication.paths.rejects if rejects else None,
            by_reason=dict(Counter(reject.reason for reject in rejects)),
        ),
        alignment=(),
        unknown_categories={},
        nulls={},
    )


def stage(
    output: Path | OutputPaths,
    data: bytes = NEW,
    rejects: Sequence[Reject] = (),
    *,
    overwrite: bool = False,
) -> Publication:
    """Open a publication with its data and rejects written; the caller commits and closes it."""
    paths = output if isinstance(output, OutputPaths) else output_paths(output)
    publication = Publication(paths, "csv", overwrite=overwrite)
    try:
        publication.open()
        publication.file.write(data)
        publication.add_rejects(rejects)
    except BaseException:
        publication.close()
        raise
    return publication


def publish(
    output: Path | OutputPaths,
    data: bytes = NEW,
    rejects: Sequence[Reject] = (),
    *,
    overwrite: bool = False,
) -> Manifest:
    """Publish `data` as a run does, from the lock to the last rename."""
    publication = stage(output, data, rejects, overwrite=overwrite)
    try:
        seal(publication)
        manifest = manifest_for(publication, data, rejects)
        take_steps([publication.commit(manifest)])
    finally:
        publication.close()
    return manifest


def seal(publication: Publication) -> None:
    def steps() -> Steps:
        yield from publication.seal()

    take_steps([steps()])


def look_again(output: Path, *, overwrite: bool = False) -> None:
    """Open the output as the next run does, and publish nothing."""
    publication = Publication(output_paths(output), "csv", overwrite=overwrite)
    with contextlib.closing(publication):
        publication.open()


def manifest_of(output: Path) -> Path:
    return Path(output_paths(output).manifest)


def rejects_of(output: Path) -> Path:
    return Path(output_paths(output).rejects)


def lock_of(output: Name) -> Path:
    return Path(lock_file(str(output)))


def fail_for_rejects(output: Path, rejects: Sequence[Reject] = REJECTS) -> Path | None:
    """Go as far as a run that rejects too many rows."""
    publication = stage(output, NEW, rejects)
    try:
        kept = publication.keep_failed_rejects()
        return Path(kept) if kept is not None else None
    finally:
        publication.close()


def files_in(folder: Path) -> dict[str, bytes]:
    """Return each file's name and content; a link's content is where it points to."""
    return {
        path.name: str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.iterdir())
        if not path.is_dir()
    }


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777
