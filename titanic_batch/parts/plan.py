"""The plan of parts as a file: what is scored, by what, into what, and where each part begins.

It holds no secrets. Whoever can write it says which model file is trusted, so one that others can
write is refused, as a job file is.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from titanic_batch.documents import NotADocumentError, open_regular, parse_json, read_bounded
from titanic_batch.errors import (
    FileAccessError,
    TitanicBatchError,
    UntrustedModelError,
    UsageError,
    os_errors,
)
from titanic_batch.models.trust.write_access import exposure_of
from titanic_batch.parts.inputs import Part
from titanic_batch.printable import shell_quoted
from titanic_batch.scoring.skipping import PART_BYTES
from titanic_batch.sources.spans import Span
from titanic_batch.stores import entry_at, is_folder, store_of, write_file

VERSION = 1
_TOOL = "titanic-batch parts"
_MOST_BYTES = 1 << 30
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"part-\d{5,}-[0-9a-f]{32}\.(parquet|csv)")


@dataclass(frozen=True, kw_only=True)
class PlannedModel:
    """The model of a plan.

    Attributes:
        ref: As it was named.
        opened: The reference that means this very model, whatever `ref` comes to mean.
        sha256: Of its file.
    """

    ref: str
    opened: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class PlannedInput:
    """The whole input, as manifests tell of it."""

    path: str
    format: str
    bytes: int
    sha256: str
    empty_lines: int


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """A file of the input, and its size."""

    path: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class PlannedPart:
    """A part, and the name that its file will have."""

    name: str
    path: str
    offset: int
    length: int
    rows: int
    lines: int
    first_row: int
    first_line: int
    first_row_in_file: int
    first_line_in_file: int
    sha256: str

    @property
    def part(self) -> Part:
        """Where its records are."""
        return Part(
            path=self.path,
            span=Span(
                offset=self.offset,
                length=self.length,
                rows=self.rows,
                lines=self.lines,
                first_row=self.first_row_in_file,
                first_line=self.first_line_in_file,
                sha256=self.sha256,
            ),
            first_row=self.first_row,
            first_line=self.first_line,
        )


def planned(name: str, part: Part) -> PlannedPart:
    """Return a part as plans hold it."""
    span = part.span
    return PlannedPart(
        name=name,
        path=part.path,
        offset=span.offset,
        length=span.length,
        rows=span.rows,
        lines=span.lines,
        first_row=part.first_row,
        first_line=part.first_line,
        first_row_in_file=span.first_row,
        first_line_in_file=span.first_line,
        sha256=span.sha256,
    )


@dataclass(frozen=True, kw_only=True)
class PartsPlan:
    """A plan.

    Attributes:
        made_at: UTC, ISO 8601.
        tool_version: Of what made it.
        input: The whole input.
        files: Its files.
        output: The folder that the parts are published in.
        overwrite: Whether a folder that titanic-batch did not write may be replaced.
        options: What the run was told, as in manifests.
        model: What scores.
        plan_sha256: Of the scoring plan that predicts; None for scikit-learn.
        reason: Why not by a plan; "" with one.
        libraries: The versions that score.
        fingerprint: Of all that the parts' bytes depend on but the input's records.
        parts: The parts, in order.
    """

    made_at: str
    tool_version: str
    input: PlannedInput
    files: tuple[PlannedFile, ...]
    output: str
    overwrite: bool
    options: dict[str, Any]
    model: PlannedModel
    plan_sha256: str | None
    reason: str
    libraries: dict[str, str]
    fingerprint: str
    parts: tuple[PlannedPart, ...]

    @property
    def rows(self) -> int:
        """How many records the input holds."""
        return sum(part.rows for part in self.parts)

    def to_bytes(self) -> bytes:
        """Return the plan's file: a line for each part."""
        document = {"plan_version": VERSION, "tool": _TOOL, **asdict(self)}
        parts = document.pop("parts")
        head = json.dumps(document, indent=1)[:-2]
        lines = ",\n  ".join(json.dumps(part) for part in parts)
        return f'{head},\n "parts": [\n  {lines}\n ]\n}}\n'.encode()


def write_plan(path: Path, plan: PartsPlan) -> None:
    """Write a plan, over an older one.

    Raises:
        FileAccessError: if it cannot be written.
    """
    mode = store_of(path).mode_for(path) & 0o755  # else it would be refused when it is read
    write_file(path, plan.to_bytes(), "writing the plan", mode=mode)


def check_place(path: Path) -> None:
    """Refuse a place for a plan where something else stands, before any work is done for it.

    Raises:
        UsageError: if a file that is no plan stands there.
        FileAccessError: if its folder is not there.
    """
    if not is_folder(path.absolute().parent):
        raise FileAccessError("the plan's folder does not exist", where=str(path.parent))
    if entry_at(path, follow=False) is None:
        return
    try:
        _document(_read(path)[0], path)
    except UsageError as exc:
        raise UsageError(
            "the plan is to be written here, and this is no plan",
            where=str(path),
            hint="Choose another name, or remove it.",
        ) from exc


def read_plan(path: Path) -> PartsPlan:
    """Read a plan.

    Raises:
        UsageError: if there is no such file, or it is no plan.
        UntrustedModelError: if others can write it.
        FileAccessError: if it cannot be read.
    """
    data, why, command = _read(path)
    if why:
        raise UntrustedModelError(
            f"{why}, and it says which model is loaded",
            where=str(path),
            hint=f"If it is as you made it, run `{command}`.",
        )
    document = _document(data, path)
    try:
        plan = PartsPlan(
            **{
                **_fields(PartsPlan, document),
                "input": PlannedInput(**_fields(PlannedInput, document["input"])),
                "files": tuple(
                    PlannedFile(**_fields(PlannedFile, one)) for one in document["files"]
                ),
                "model": PlannedModel(**_fields(PlannedModel, document["model"])),
                "parts": tuple(
                    PlannedPart(**_fields(PlannedPart, one)) for one in document["parts"]
                ),
            }
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise _no_plan(path, "a key is missing or of another kind") from exc
    if not _holds_together(plan):
        raise _no_plan(path, "it contradicts itself")
    return plan


def _holds_together(plan: PartsPlan) -> bool:
    """Return whether what the plan's keys say is possible; they name files that are written."""
    part_bytes = plan.options.get(PART_BYTES)
    files = {file.path for file in plan.files}
    return (
        _FINGERPRINT.fullmatch(plan.fingerprint) is not None
        and isinstance(part_bytes, int)
        and part_bytes > 0
        and bool(plan.parts)
        and all(part.path in files and _NAME.fullmatch(part.name) for part in plan.parts)
    )


def _read(path: Path) -> tuple[bytes, str, str]:
    """Return what is in a file, how others can change it, and what command ends that."""
    try:
        with os_errors(path, "reading the plan"), open_regular(path) as file:
            exposure = exposure_of(path, os.fstat(file.fileno()))
            data = read_bounded(file, _MOST_BYTES)
    except TitanicBatchError as exc:
        if isinstance(exc.__cause__, FileNotFoundError | NotADirectoryError):
            raise UsageError(
                "there is no such plan",
                where=str(path),
                hint=f"Make it: {_command(path)}.",
            ) from exc
        raise
    except NotADocumentError as exc:
        raise _no_plan(path, str(exc)) from exc
    return data, *((exposure.why, exposure.command) if exposure is not None else ("", ""))


def _document(data: bytes, path: Path) -> dict[str, Any]:
    try:
        document = parse_json(data)
    except NotADocumentError as exc:
        raise _no_plan(path, str(exc)) from exc
    if not isinstance(document, dict) or document.get("tool") != _TOOL:
        raise _no_plan(path, "titanic-batch did not write it")
    if document.get("plan_version") != VERSION:
        raise _no_plan(path, f"it was made by titanic-batch {document.get('tool_version')}")
    return document


def _fields(table: type[Any], document: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a dataclass, each of the kind that a plan holds there."""
    found = {field.name: document[field.name] for field in fields(table)}
    for field in fields(table):
        kind = _KINDS.get(str(field.type).partition("[")[0])
        if kind is not None and not isinstance(found[field.name], kind):
            raise TypeError(field.name)
        if kind is int and (isinstance(found[field.name], bool) or found[field.name] < 0):
            raise TypeError(field.name)
    return found


_KINDS: dict[str, Any] = {
    "str": str,
    "int": int,
    "bool": bool,
    "dict": dict,
    "tuple": list,
    "str | None": str | None,
}


def _no_plan(path: Path, why: str) -> UsageError:
    return UsageError(
        f"this is no plan that can be read: {why}",
        where=str(path),
        hint=f"Make it again: {_command(path)}.",
    )


def _command(path: Path) -> str:
    return f"`titanic-batch parts plan INPUT OUT/ -o {shell_quoted(str(path))}`"
