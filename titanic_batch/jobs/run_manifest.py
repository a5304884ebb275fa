"""The run manifest: every file of a night that goes into a folder, and its verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import without_cells
from titanic_batch.jobs.night import RUN_MANIFEST
from titanic_batch.publish.manifest import TOOL
from titanic_batch.stores import read_json, store_of, write_file
from titanic_batch.stores.names import join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from titanic_batch.jobs.job_file import Job
    from titanic_batch.jobs.night import Night
    from titanic_batch.scoring.outcome import FileOutcome

RUN_MANIFEST_VERSION = 1


def write_run_manifest(job: Job, night: Night, files: Sequence[FileOutcome]) -> None:
    """Write what became of each file beside the outputs, unless nothing was done.

    Raises:
        FileAccessError: if the system refuses.
    """
    path = join(night.output, RUN_MANIFEST)
    if store_of(path).stat(path) is not None and all(file.skipped for file in files):
        return
    document = {
        "run_manifest_version": RUN_MANIFEST_VERSION,
        "tool": TOOL,
        "job": job.name,
        "date": str(night.day),
        "status": "failed" if any(file.error is not None for file in files) else "published",
        "files": [_verdict(file) for file in files],
    }
    try:
        data = json.dumps(document, indent=2, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # the path of a file whose name is no UTF-8
        data = json.dumps(document, indent=2).encode()
    write_file(path, data + b"\n", "writing the run manifest")


def says_published(job: Job, night: Night) -> bool:
    """Return whether the run manifest says that all of a night is published, by this job."""
    try:
        document = read_json(join(night.output, RUN_MANIFEST), "reading the run manifest")
    except NotADocumentError:
        return False
    return isinstance(document, dict) and all(
        document.get(key) == value
        for key, value in {
            "run_manifest_version": RUN_MANIFEST_VERSION,
            "tool": TOOL,
            "job": job.name,
            "date": str(night.day),
            "status": "published",
        }.items()
    )


def _verdict(file: FileOutcome) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "input": file.pair.input,
        "output": file.pair.output.data if file.pair.output is not None else None,
    }
    if file.error is not None:
        error = file.error
        what, hint = without_cells(error)
        reason = {"what": what, "where": error.where, "cure": hint}
        return {**entry, "status": "failed", "exit_code": error.exit_code, "error": reason}
    assert file.manifest is not None
    return {
        **entry,
        "status": "skipped" if file.skipped else "published",
        "exit_code": 0,
        "rows": vars(file.manifest.rows),
    }
