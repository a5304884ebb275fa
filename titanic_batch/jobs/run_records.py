"""Run records: how each date of a job ended, also where nothing was published.

`.titanic-batch/runs/JOB/DATE.json`, in the last folder of the output's path that is the same on any
day. Nothing of them is needed to run: `jobs list`, `jobs history` and `report` read them.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from titanic_batch.documents import NotADocumentError, parse_json
from titanic_batch.errors import os_errors
from titanic_batch.jobs.dates import fixed_folder
from titanic_batch.publish import manifest_form as form
from titanic_batch.publish.manifest import TOOL, RejectInfo, RowCounts, ToolInfo
from titanic_batch.stores import store_of
from titanic_batch.stores.names import join

if TYPE_CHECKING:
    from titanic_batch.jobs.job_file import Job

#: How a date of a job may have ended.
RecordStatus = Literal["published", "skipped", "absent", "failed"]

RUN_RECORD_VERSION = 1
#: Of a job's records, in the last folder of its output's path without a date.
RECORDS = ".titanic-batch/runs"
_NOT_IN_NAMES = re.compile(r"[/%\0\x01-\x1f\x7f]|^\.")
_LONGEST_NAME = 120
_LARGEST_BYTES = 64 << 20

_STATUS = form.Kind(
    "published, skipped, absent or failed",
    lambda value: value in get_args(RecordStatus),
    {"enum": list(get_args(RecordStatus))},
)


@dataclass(frozen=True, kw_only=True)
class ErrorInfo:
    """Why it failed, without a value of any cell: what, where, and what fixes it."""

    what: Annotated[str, form.TEXT]
    where: Annotated[str, form.TEXT]
    cure: Annotated[str, form.TEXT]


@dataclass(frozen=True, kw_only=True)
class ScoredBy:
    """The model that scored: its reference, what that meant, and the SHA-256 of its file."""

    ref: Annotated[str, form.TEXT]
    tag: Annotated[str, form.TEXT]
    sha256: Annotated[str, form.TEXT]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """How a date of a job ended; the counts of several files are added up.

    Attributes:
        run_record_version: Version of this format.
        tool: Name and version of titanic-batch.
        job: The job's name; "" for outputs that no job published.
        job_file: The job file's path; "" where it is not known.
        date: The date that the job was run for.
        status: "published"; "skipped", as it was published before; "absent", an optional input that
            has not arrived; or "failed".
        exit_code: Of a run of this date alone.
        error: The worst thing that went wrong; null for nothing.
        started_at: UTC, ISO 8601; of what is published, when that was.
        finished_at: UTC, ISO 8601; the same.
        seconds: Wall time.
        run_id: Of the run that published; null where nothing is, or several files are.
        input: What was read.
        input_sha256: Of a single file that is published.
        output: Where it went.
        output_sha256: Of a single file that is published.
        files: How many files.
        files_failed: How many of them failed.
        rows: The rows that were looked at; null for none. Where it failed, they are not published.
        rejects: Where rejected rows are, and how many for each reason.
        model: What scored; null where nothing is published.
        unknown_categories: Column, value that the model never saw, how often.
        nulls: Null cells by model column.
        guards: What the guards found.
        warnings: What the user should know.
        profile: As a manifest's.
        libraries: Versions of what scored.
    """

    run_record_version: Annotated[int, form.VERSION] = RUN_RECORD_VERSION
    tool: ToolInfo
    job: Annotated[str, form.TEXT]
    job_file: Annotated[str, form.PATH]
    date: Annotated[str, form.DAY]
    status: Annotated[RecordStatus, _STATUS]
    exit_code: Annotated[int, form.COUNT]
    error: ErrorInfo | None = None
    started_at: Annotated[str, form.TIME]
    finished_at: Annotated[str, form.TIME]
    seconds: Annotated[float, form.NUMBER]
    run_id: Annotated[str | None, form.or_null(form.RUN_ID)] = None
    input: Annotated[str, form.PATH]
    input_sha256: Annotated[str | None, form.or_null(form.SHA256)] = None
    output: Annotated[str, form.PATH]
    output_sha256: Annotated[str | None, form.or_null(form.SHA256)] = None
    files: Annotated[int, form.COUNT] = 0
    files_failed: Annotated[int, form.COUNT] = 0
    rows: RowCounts | None = None
    rejects: RejectInfo = field(default_factory=lambda: RejectInfo(path=None, by_reason={}))
    model: ScoredBy | None = None
    unknown_categories: Annotated[dict[str, dict[str, int]], form.COUNTS_BY_COLUMN] = field(
        default_factory=dict
    )
    nulls: Annotated[dict[str, int], form.COUNTS] = field(default_factory=dict)
    guards: Annotated[tuple[dict[str, Any], ...], form.FINDINGS] = ()
    warnings: Annotated[tuple[str, ...], form.TEXTS] = ()
    profile: Annotated[dict[str, dict[str, Any]], form.PROFILE] = field(default_factory=dict)
    libraries: Annotated[dict[str, str], form.OBJECT] = field(default_factory=dict)

    @property
    def is_published(self) -> bool:
        """Whether the output of this date stands there, as far as the record knows."""
        return self.status in ("published", "skipped")

    def to_json(self) -> dict[str, Any]:
        """Return the record as the JSON document that is written."""
        document: dict[str, Any] = json.loads(json.dumps(vars(self), default=vars))
        return document


def records_folder(job: Job) -> str:
    """Return where a job's run records are."""
    folder = job.absolute(fixed_folder(job.output.path))
    return join(join(folder, RECORDS), _file_name(job.name))


def find_record(path: str) -> RunRecord | None:
    """Return the run record at a path; None where nothing stands there.

    Raises:
        NotADocumentError: if what stands there is none that can be relied on; it says why.
        FileAccessError: if the system refuses to read it.
    """
    with os_errors(path, "reading the run record"):
        data = store_of(path).read(path, limit=_LARGEST_BYTES)
    return None if data is None else parse_record(data)


def parse_record(data: bytes) -> RunRecord:
    """Return the run record that a file holds; raises NotADocumentError if it holds none.

    A history has hundreds, so most are checked for what is read of them only.
    """
    is_plain = b"\\u" not in data  # no half surrogates
    try:
        document = json.loads(data) if is_plain else parse_json(data)
    except NotADocumentError:
        raise
    except (ValueError, RecursionError) as exc:
        raise NotADocumentError("it is not JSON") from exc
    tool = document.get("tool") if isinstance(document, dict) else None
    if not isinstance(tool, dict) or tool.get("name") != TOOL:
        raise NotADocumentError("titanic-batch did not write it")
    version = document.get("run_record_version")
    if not form.VERSION.holds(version):
        raise NotADocumentError("its run_record_version is not a version")
    if version > RUN_RECORD_VERSION:
        raise NotADocumentError(f"it has version {version}, newer than this titanic-batch knows")
    check = form.misfit_of if is_plain else form.fault_of
    if fault := check(document, RunRecord):
        raise NotADocumentError(fault)
    record: RunRecord = form.read_into(RunRecord, document)
    return record


def _file_name(job: str) -> str:
    """Return a job's name as one of a folder: mostly the name itself."""
    plain = _NOT_IN_NAMES.sub(lambda found: f"%{ord(found[0]):02X}", job)
    data = plain.encode("utf-8", "surrogateescape")
    if len(data) <= _LONGEST_NAME:
        return plain
    digest = hashlib.sha256(data).hexdigest()[:16]
    return f"{data[:_LONGEST_NAME].decode('utf-8', 'ignore')}-{digest}"
