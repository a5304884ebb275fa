"""The manifest: what was published, from what, by which model. Versioned JSON beside the output.

`publish.manifest_file` reads one back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

MANIFEST_VERSION = 1
TOOL = "titanic-batch"
#: Made once: `json.dumps` would make one for each value.
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=vars)
_ASCII_ENCODER = json.JSONEncoder(default=vars)


class _Readable:
    """Lets `manifest.rows["read"]` say the same as `manifest.rows.read`, as in the JSON."""

    def __getitem__(self, key: str) -> Any:
        try:
            return getattr(self, key)
        except AttributeError:
            raise KeyError(key) from None


@dataclass(frozen=True, kw_only=True)
class RowCounts(_Readable):
    """Rows read = rows scored + rows rejected."""

    read: int
    scored: int
    rejected: int


@dataclass(frozen=True, kw_only=True)
class FileFacts(_Readable):
    """A file as it lay on the disk: `bytes` long, `sha256` in hex."""

    path: str
    format: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class RejectFacts(_Readable):
    """The rejects file (None where nothing was rejected), and how often each reason came first.

    Attributes:
        path: The rejects file.
        by_reason: Rejected records by their first fault.
        other_faults: Further faults of the same records.
    """

    path: str | None
    by_reason: dict[str, int] = field(default_factory=dict)
    other_faults: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest(_Readable):
    """What was published.

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
        warnings: What the user should know.
        rows_recalled: Rows that this run did not ask the model about, as an earlier run of the same
            that was broken off had kept what it predicted.
        job: The job's name and date, what its guards found, and counts by bin, for the next night;
            None where no job published.
    """

    manifest_version: int
    run_id: str
    status: str
    started_at: str
    finished_at: str
    seconds: float
    rows_per_second: float
    tool: dict[str, str]
    libraries: dict[str, str]
    options: dict[str, Any]
    model: dict[str, Any]
    input: FileFacts
    output: FileFacts
    rows: RowCounts
    rejects: RejectFacts
    alignment: tuple[dict[str, Any], ...]
    unknown_categories: dict[str, dict[str, int]]
    nulls: dict[str, int]
    null_tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    rows_recalled: int = 0
    job: dict[str, Any] | None = None

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
