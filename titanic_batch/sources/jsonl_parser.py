"""Read one chunk of JSON Lines into typed columns: fast where it is plain, exactly where not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from titanic_batch.errors import DataError
from titanic_batch.faults import Fault
from titanic_batch.json_cells import is_json, to_json
from titanic_batch.sources.base import Chunk, Parsed, RawRecord
from titanic_batch.sources.jsonl_fast import read_clean
from titanic_batch.sources.jsonl_records import Record, RecordError, read_record
from titanic_batch.sources.records import show_record, strip_newline


@dataclass(frozen=True, kw_only=True)
class JsonlParser:
    """Parses the chunks of one JSON Lines file.

    Attributes:
        schema: The columns of all its lines.
        path: The file's name, for errors; parsers of like files are equal.
        is_utf8: Whether its bytes were read as they are.
        allow_no_final_newline: Whether a last record without a newline is accepted.
    """

    schema: pa.Schema
    path: str = field(default="", compare=False)
    is_utf8: bool = True
    allow_no_final_newline: bool = False

    def parse(self, chunk: Chunk) -> Parsed:
        """Read the chunk's lines into columns; a key that is missing is null.

        Raises:
            DataError: if it holds what the file did not hold when it was opened.
        """
        cells = self._parse_clean(chunk.data, chunk.row_count) if chunk.terminated else None
        return Parsed(cells=cells, rows=None) if cells is not None else self._parse_exactly(chunk)

    def parse_together(self, chunks: Sequence[Chunk]) -> pa.Table | None:
        """Read several chunks' lines into columns; None where one takes a closer look."""
        if not all(chunk.terminated for chunk in chunks):
            return None
        data = b"".join(chunk.data for chunk in chunks)
        return self._parse_clean(data, sum(chunk.row_count for chunk in chunks))

    def raw_records(self, chunk: Chunk, indices: Sequence[int]) -> list[RawRecord]:
        """Return the lines at the 0-based positions `indices`."""
        lines = list(lines_of(chunk)) if indices else []
        return [
            RawRecord(
                chunk.first_line + index, show_record(lines[index], transcoded=not self.is_utf8)
            )
            for index in indices
        ]

    def _parse_clean(self, data: bytes, row_count: int) -> pa.Table | None:
        table = read_clean(data, row_count, self.schema)
        return table if table is None or table.schema == self.schema else None

    def _parse_exactly(self, chunk: Chunk) -> Parsed:
        good: list[Record] = []
        rows: list[int] = []
        faults: list[Fault] = []
        for index, line in enumerate(lines_of(chunk)):
            if not chunk.terminated and not self.allow_no_final_newline:
                faults.append(Fault(index, -1, "", "unterminated"))
                continue
            try:
                good.append(read_record(line))
                rows.append(index)
            except RecordError as exc:
                position = self.schema.get_field_index(exc.column)
                column = exc.column if position >= 0 else ""
                faults.append(Fault(index, position, column, exc.reason))
        cells = self._table(good, chunk)
        return Parsed(cells=cells, rows=np.array(rows, np.int64), faults=tuple(faults))

    def _table(self, records: Sequence[Record], chunk: Chunk) -> pa.Table:
        known = set(self.schema.names)
        if not all(record.keys() <= known for record in records):
            raise self._changed(chunk)
        try:
            columns = [
                _array([record.get(one.name) for record in records], one.type)
                for one in self.schema
            ]
        except (pa.ArrowException, TypeError, OverflowError) as exc:
            raise self._changed(chunk) from exc
        return pa.table(columns, schema=self.schema)

    def _changed(self, chunk: Chunk) -> DataError:
        last = chunk.first_line + chunk.row_count - 1
        return DataError(
            "the input changed while it was read",
            where=f"{self.path}, lines {chunk.first_line} to {last}",
            hint="Score it again when nothing writes to it.",
        )


def lines_of(chunk: Chunk) -> Iterator[bytes]:
    """Yield a chunk's lines, without the newline."""
    lines = chunk.data.split(b"\n")
    for line in lines[:-1] if chunk.terminated else lines:
        yield strip_newline(line + b"\n")


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if is_json(kind):
        texts = [None if value is None else to_json(value) for value in values]
        return pa.ExtensionArray.from_storage(kind, pa.array(texts, kind.storage_type))
    if pa.types.is_float64(kind):
        values = [float(value) if type(value) is int else value for value in values]
    return pa.array(values, kind)
