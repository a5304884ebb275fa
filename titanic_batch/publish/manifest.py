"""The manifest: what was published, from what, by which model. Versioned JSON beside the output.

This module alone reads and writes it. Others read it too, by `manifest.schema.json`, which is made
from the types here. To change the format:

1. Change the fields below; `Annotated` says what a key may hold (`publish.manifest_form`). A new
   key has a default, as the manifests that lie there lack it. Readers pass over keys that they do
   not know, so a new key leaves `MANIFEST_VERSION` as it is.
2. A key that goes, or means something else than before, raises `MANIFEST_VERSION`; `_parse` then
   still reads the versions before. An older titanic-batch refuses the new one, and says so.
3. `python -m titanic_batch.publish.manifest_schema` writes the schema anew; a test fails until
   then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from titanic_batch.documents import NotADocumentError
from titanic_batch.publish import manifest_form as form
from titanic_batch.stores import read_json
from titanic_batch.stores.base import Name

MANIFEST_VERSION = 1
TOOL = "titanic-batch"
#: Made once: `json.dumps` would make one for each value.
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=vars)
_ASCII_ENCODER = json.JSONEncoder(default=vars)


class _Readable(Mapping[str, Any]):
    """Lets `manifest.rows["read"]` say the same as `manifest.rows.read`, as in the JSON."""

    def __getitem__(self, key: str) -> Any:
        return vars(self)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self))

    def __len__(self) -> int:
        return len(vars(self))


@dataclass(frozen=True, kw_only=True)
class ToolInfo(_Readable):
    """The tool that wrote the manifest."""

    name: Annotated[str, form.TEXT]
    version: Annotated[str, form.TEXT]


@dataclass(frozen=True, kw_only=True)
class ModelInfo(_Readable):
    """The model that scored.

    Attributes:
        ref: What the run was told.
        tag: What that meant.
        sha256: Of its file.
        schema_sha256: Of its training schema.
        schema_origin: Where the schema came from.
        loader: What loaded it.
        path: Its file.
        libraries: Versions that it was saved with.
        target: The column that it predicts.
        classes: A classifier's classes; null for others.
    """

    ref: Annotated[str, form.TEXT]
    tag: Annotated[str, form.TEXT]
    sha256: Annotated[str, form.TEXT]
    schema_sha256: Annotated[str, form.TEXT]
    schema_origin: Annotated[str | None, form.or_null(form.TEXT)] = None
    loader: Annotated[str | None, form.or_null(form.TEXT)] = None
    path: Annotated[str | None, form.or_null(form.PATH)] = None
    libraries: Annotated[dict[str, str] | None, form.or_null(form.OBJECT)] = None
    target: Annotated[str | None, form.or_null(form.TEXT)] = None
    classes: Annotated[tuple[Any, ...] | None, form.or_null(form.VALUES)] = None


@dataclass(frozen=True, kw_only=True)
class JobInfo(_Readable):
    """The job that published.

    Attributes:
        name: Its name.
        date: The date that it was run for.
        guards: What its guards found.
        profile: Where older versions keep the manifest's `profile`.
    """

    name: Annotated[str, form.TEXT]
    date: Annotated[str, form.DAY]
    guards: Annotated[tuple[dict[str, Any], ...], form.FINDINGS] = ()
    profile: Annotated[dict[str, dict[str, Any]] | None, form.or_null(form.PROFILE)] = None


@dataclass(frozen=True, kw_only=True)
class PredictorInfo(_Readable):
    """The predictor that scored the rows.

    Attributes:
        kind: "compiled", by a scoring plan, or "scikit-learn".
        reason: Why not by a plan; null for one.
        plan_sha256: Of the plan's file; null where there was none.
        rows_by_estimator: Rows that the estimator itself predicted.
    """

    kind: Annotated[str, form.TEXT]
    reason: Annotated[str | None, form.or_null(form.TEXT)]
    plan_sha256: Annotated[str | None, form.or_null(form.TEXT)]
    rows_by_estimator: Annotated[int, form.COUNT]


@dataclass(frozen=True, kw_only=True)
class RowCounts(_Readable):
    """Rows read = rows scored + rows rejected."""

    read: Annotated[int, form.COUNT]
    scored: Annotated[int, form.COUNT]
    rejected: Annotated[int, form.COUNT]


@dataclass(frozen=True, kw_only=True)
class FileInfo(_Readable):
    """A file as it lay on the disk: `bytes` long, `sha256` in hex."""

    path: Annotated[str, form.PATH]
    format: Annotated[str, form.TEXT]
    bytes: Annotated[int, form.COUNT]
    sha256: Annotated[str, form.SHA256]


@dataclass(frozen=True, kw_only=True)
class RejectInfo(_Readable):
    """The rejects file (None where nothing was rejected), and how often each reason came first.

    Attributes:
        path: The rejects file.
        by_reason: Rejected records by their first fault.
        other_faults: Further faults of the same records.
    """

    path: Annotated[str | None, form.or_null(form.PATH)]
    by_reason: Annotated[dict[str, int], form.COUNTS]
    other_faults: Annotated[dict[str, int], form.COUNTS] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest(_Readable):
    """A published output: of which input, by which model, with which result.

    Attributes:
        manifest_version: Version of this format.
        run_id: Of the run that published.
        status: "published".
        started_at: UTC, ISO 8601.
        finished_at: UTC, ISO 8601.
        seconds: Wall time.
        rows_per_second: Rows read per second.
        tool: Name and version of titanic-batch.
        libraries: Versions of what scored.
        options: What the run was told.
        model: ref, tag, sha256, schema_sha256 and more.
        input: What was read.
        output: What was written.
        rows: How many.
        rejects: Where and why.
        alignment: One entry per model column and per dropped input column.
        unknown_categories: Column, value that the model never saw, how often; of scored rows only.
        nulls: Null cells by model column.
        null_tokens: Those among them that were not empty: column, what they held, how often.
        trimmed: Cells that had spaces around them, which were dropped: column, how often.
        empty_lines: Empty lines at the end of the input, which are no records.
        warnings: What the user should know.
        rows_recalled: Rows that this run did not ask the model about, as an earlier run of the same
            that was broken off had kept what it predicted.
        predictor: What predicted; None in manifests that are older than that.
        partition: Columns that stand in the names of the input's folders, and their values.
        job: The job's name and date, and what its guards found; None where no job published.
        profile: By model column, and "" for the score: bins, scored rows in each (above the last
            edge or of other values, then nulls, last), and the shares of the training rows; null
            where a run had too many files to count.
        parts: Where the output is a folder: its files in row order, each with sha256, bytes, rows
            and the number of its first row in the input; null where it is one file.
    """

    manifest_version: Annotated[int, form.VERSION]
    run_id: Annotated[str, form.RUN_ID]
    status: Annotated[str, form.TEXT]
    started_at: Annotated[str, form.TIME]
    finished_at: Annotated[str, form.TIME]
    seconds: Annotated[float, form.NUMBER]
    rows_per_second: Annotated[float, form.NUMBER]
    tool: ToolInfo
    libraries: Annotated[dict[str, str], form.OBJECT]
    options: Annotated[dict[str, Any], form.OBJECT]
    model: ModelInfo
    input: FileInfo
    output: FileInfo
    rows: RowCounts
    rejects: RejectInfo
    alignment: Annotated[tuple[dict[str, Any], ...], form.OBJECTS]
    unknown_categories: Annotated[dict[str, dict[str, int]], form.COUNTS_BY_COLUMN]
    nulls: Annotated[dict[str, int], form.COUNTS]
    null_tokens: Annotated[dict[str, dict[str, int]], form.COUNTS_BY_COLUMN] = field(
        default_factory=dict
    )
    trimmed: Annotated[dict[str, int], form.COUNTS] = field(default_factory=dict)
    empty_lines: Annotated[int, form.COUNT] = 0
    warnings: Annotated[tuple[str, ...], form.TEXTS] = ()
    rows_recalled: Annotated[int, form.COUNT] = 0
    predictor: PredictorInfo | None = None
    partition: Annotated[dict[str, str | None], form.TEXTS_BY_COLUMN] = field(default_factory=dict)
    job: JobInfo | None = None
    profile: Annotated[dict[str, dict[str, Any]] | None, form.or_null(form.PROFILE)] = None
    parts: Annotated[tuple[dict[str, Any], ...] | None, form.or_null(form.PARTS)] = None

    def counts_by_bin(self) -> dict[str, dict[str, Any]]:
        """Return the profile, also of an older manifest; nothing where there is none."""
        return self.profile or (self.job.profile if self.job is not None else None) or {}

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as the JSON document that is written."""
        document: dict[str, Any] = json.loads(self.to_bytes())
        return document

    def to_bytes(self) -> bytes:
        """Return the manifest file's content: a line for each key and each aligned column."""
        try:
            return _document(vars(self), _ENCODER).encode()
        except UnicodeEncodeError:  # the path of a file whose name is no UTF-8
            return _document(vars(self), _ASCII_ENCODER).encode()


def _document(entries: dict[str, object], encoder: json.JSONEncoder) -> str:
    lines = [f'"{key}": {_lines(value, encoder)}' for key, value in entries.items()]
    return "{\n  " + ",\n  ".join(lines) + "\n}\n"


def _lines(value: object, encoder: json.JSONEncoder) -> str:
    """Return a value as JSON: a line for each item where it is a list of objects.

    Not by `indent`, which leaves the C encoder for one in Python, ten times slower: a millisecond
    for each of thousands of small files.
    """
    if isinstance(value, tuple) and value and isinstance(value[0], dict):
        return "[\n    " + ",\n    ".join(map(encoder.encode, value)) + "\n  ]"
    return encoder.encode(value)


@dataclass(frozen=True, kw_only=True)
class UnreadableManifest:
    """Something stands where a manifest should, and is none that can be relied on.

    Attributes:
        path: Where it stands.
        reason: Why not, as a part of a sentence: `its rows.read is not a count`.
        hint: What helps, as a sentence; "" for nothing in particular.
        is_ours: Whether it says that titanic-batch wrote it.
    """

    path: str
    reason: str
    hint: str = ""
    is_ours: bool = False


def read_manifest(path: Name) -> Manifest | None:
    """Return the manifest at `path`; None where there is none that can be relied on.

    Raises:
        FileAccessError: if the system refuses to read it.
    """
    found = find_manifest(path)
    return found if isinstance(found, Manifest) else None


def find_manifest(path: Name) -> Manifest | UnreadableManifest | None:
    """Return the manifest at `path`, or why what stands there is none; None for nothing at all.

    A symlink is not followed: whoever can plant one could claim any file as ours. Nor is anything
    else read that is no file: a pipe would wait for ever.

    Raises:
        FileAccessError: if the system refuses to read it.
    """
    try:
        document = read_json(path, "reading the manifest")
    except NotADocumentError as exc:
        return UnreadableManifest(path=os.fspath(path), reason=str(exc))
    return None if document is None else _parse(os.fspath(path), document)


def _parse(path: str, document: Any) -> Manifest | UnreadableManifest:
    def unreadable(reason: str, *, hint: str = "", is_ours: bool = True) -> UnreadableManifest:
        return UnreadableManifest(path=path, reason=reason, hint=hint, is_ours=is_ours)

    tool = document.get("tool") if isinstance(document, dict) else None
    if not isinstance(tool, dict) or tool.get("name") != TOOL:
        return unreadable("titanic-batch did not write it", is_ours=False)
    version = document.get("manifest_version")
    if not form.VERSION.holds(version):
        return unreadable("its manifest_version is not a version")
    if version > MANIFEST_VERSION:
        return unreadable(
            f"it has version {version}, newer than this titanic-batch knows",
            hint="Upgrade titanic-batch.",
        )
    if fault := form.fault_of(document, Manifest):
        return unreadable(fault)
    manifest: Manifest = form.read_into(Manifest, document)
    if manifest.rows.read != manifest.rows.scored + manifest.rows.rejected:
        return unreadable("its rows read are not rows scored plus rows rejected")
    return manifest
