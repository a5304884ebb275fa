"""Read a file as a run does, chunk by chunk, and lay out what became of each record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from titanic_batch.sources.base import Chunk, InputInfo, Parser, Source
from titanic_batch.sources.opening import open_source

Cells = tuple[Any, ...]


@dataclass(frozen=True)
class Rejected:
    """A rejected record, as the rejects file shows it."""

    row: int
    line: int | None
    column: str
    reason: str
    record: str


@dataclass
class Reading:
    """A whole input, read: its accepted rows by row number, its rejects, its raw records."""

    names: list[str] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    rows: dict[int, Cells] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    lines: list[int | None] = field(default_factory=list)
    info: InputInfo | None = None

    @property
    def cells(self) -> list[Cells]:
        """The accepted rows in order."""
        return list(self.rows.values())

    @property
    def verdicts(self) -> tuple[object, ...]:
        """All that must not depend on where the chunks end."""
        return self.rows, self.rejected, self.records, self.lines


def open_it(path: Path | str, *, chunk_bytes: int = 1 << 20, **options: Any) -> Source:
    options.setdefault("max_record_bytes", 1 << 20)
    return open_source(str(path), chunk_bytes=chunk_bytes, **options)


def read(path: Path | str, *, chunk_bytes: int = 1 << 20, **options: Any) -> Reading:
    """Read the input at `path` to its end."""
    source = open_it(path, chunk_bytes=chunk_bytes, **options)
    try:
        reading = collect(source.parser, source.chunks(), source.schema.names)
        reading.info = source.info()
        return reading
    finally:
        source.close()


def collect(parser: Parser, chunks: Iterable[Chunk], names: list[str]) -> Reading:
    """Parse chunks in order."""
    reading = Reading(names=list(names))
    for chunk in chunks:
        parsed = parser.parse(chunk)
        assert parsed.cells.num_rows + len(parsed.faults) == chunk.row_count
        assert parsed.cells.schema.names == reading.names
        reading.chunks.append(chunk)
        raw = parser.raw_records(chunk, range(chunk.row_count))
        reading.records += [record.text for record in raw]
        reading.lines += [record.line for record in raw]
        indices = range(chunk.row_count) if parsed.rows is None else parsed.rows.tolist()
        columns = [column.to_pylist() for column in parsed.cells.columns]
        for index, cells in zip(indices, zip(*columns, strict=True), strict=True):
            reading.rows[chunk.first_row + index] = cells
        for fault in parsed.faults:
            record = raw[fault.index]
            row = chunk.first_row + fault.index
            reading.rejected.append(
                Rejected(row, record.line, fault.column, fault.reason, record.text)
            )
    assert sorted([*reading.rows, *(reject.row for reject in reading.rejected)]) == list(
        range(1, len(reading.records) + 1)
    )
    return reading


def write(folder: Path, content: bytes | str, name: str = "input.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
