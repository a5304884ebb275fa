"""Read one CSV chunk into text columns: fast where it is clean, exactly where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from titanic_batch.arrow_arrays import array_of_list, scalar_of
from titanic_batch.errors import DataError
from titanic_batch.faults import Fault
from titanic_batch.sources.base import Chunk, Parsed, RawRecord
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.grammar import find_records
from titanic_batch.sources.records import (
    BOM,
    record_fault,
    reorders_header,
    show_record,
    split_fields,
    strip_newline,
    trimmed,
)
from titanic_batch.sources.standard_form import standard_form


@dataclass(frozen=True, kw_only=True)
class CsvParser:
    """Parses the chunks of one CSV file.

    Attributes:
        names: The header's names.
        dialect: How the file is written.
        path: The file's name, for errors; parsers of like files are equal.
        allow_no_final_newline: Whether a last record without a newline is accepted.
        unnamed: Positions of the names that the header does not hold.
    """

    names: tuple[str, ...]
    dialect: Dialect
    path: str = field(default="", compare=False)
    allow_no_final_newline: bool = False
    unnamed: frozenset[int] = frozenset()

    def parse(self, chunk: Chunk) -> Parsed:
        """Read the chunk's records into text columns; an empty cell is null.

        Raises:
            DataError: if a second table begins, its columns in another order than the header's.
        """
        parsed = (
            self._parse_clean(chunk.data, chunk.row_count) if self._may_be_clean(chunk) else None
        )
        return parsed if parsed is not None else self._parse_exactly(chunk)

    def parse_together(self, chunks: Sequence[Chunk]) -> pa.Table | None:
        """Read several chunks' records into text columns; None where one may have faults."""
        if self.dialect.trim or not all(self._may_be_clean(chunk) for chunk in chunks):
            return None
        data = b"".join(chunk.data for chunk in chunks)
        parsed = self._parse_clean(data, sum(chunk.row_count for chunk in chunks))
        return parsed.cells if parsed is not None else None

    def raw_records(self, chunk: Chunk, indices: Sequence[int]) -> list[RawRecord]:
        """Return the records at the 0-based positions `indices` with the lines they start on."""
        if not indices:
            return []
        found = find_records(_terminated(chunk), self.dialect)
        starts = np.concatenate([[0], found.ends])
        records = []
        for index in indices:
            start, end = int(starts[index]), int(starts[index + 1])
            line = chunk.first_line + int(np.searchsorted(found.newlines, start))
            raw = strip_newline(chunk.data[start:end])
            text = show_record(raw, transcoded=not self.dialect.is_utf8)
            records.append(RawRecord(line, text))
        return records

    def may_be_clean(self, chunk: Chunk) -> bool:
        """Return whether Arrow's reader, which knows fewer rules than ours, may read this.

        An empty line is not looked for.
        """
        data = chunk.data
        returns = b"\r" in data
        return (
            chunk.regular
            and chunk.terminated
            and b"\0" not in data
            and not (returns and data.count(b"\r") != data.count(b"\r\n"))
            # Only where files were joined; Arrow would drop a first one. One byte is found quicker.
            and not (BOM[:1] in data and BOM in data)
        )

    def _may_be_clean(self, chunk: Chunk) -> bool:
        """Return whether Arrow's reader may read this, empty lines and all."""
        return self.may_be_clean(chunk) and (len(self.names) == 1 or not has_blank_line(chunk.data))

    def _parse_clean(self, data: bytes, row_count: int) -> Parsed | None:
        """Read records with Arrow; None if it finds a fault or another number of them."""
        data = standard_form(data, self.dialect)
        try:
            cells = csv.read_csv(
                pa.BufferReader(data),
                read_options=csv.ReadOptions(
                    use_threads=False,
                    block_size=len(data) + 1,
                    column_names=list(self.names),
                ),
                parse_options=csv.ParseOptions(
                    delimiter=self.dialect.delimiter.decode(),
                    # Quoted newlines are read all the same; this only says that no block needs to
                    # be searched for where it may end, since there is only one.
                    newlines_in_values=False,
                    ignore_empty_lines=False,
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(self.names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if cells.num_rows != row_count:
            return None
        parsed = self._trimmed(Parsed(cells=cells, rows=None))
        return None if self._may_repeat_header(parsed.cells) else parsed

    def _may_repeat_header(self, cells: pa.Table) -> bool:
        names = array_of_list(self.names, pa.string())  # in whatever order
        # Of more columns than there are cells without a name, one holds a name.
        named = [at for at in range(len(self.names)) if at not in self.unnamed]
        return any(
            pc.any(pc.is_in(cells.column(at), value_set=names)).as_py()
            for at in named[: len(self.unnamed) + 1]
        )

    def _trimmed(self, parsed: Parsed) -> Parsed:
        """Return records without the padding around their cells, which is counted."""
        padding = self.dialect.padding.decode()
        if not padding:
            return parsed
        columns, counts = [], {}
        for name, column in zip(self.names, parsed.cells.columns, strict=True):
            texts = pc.ascii_trim(column, characters=padding)
            changed = pc.sum(pc.not_equal(texts, column)).as_py()
            if changed:
                counts[name] = changed
                texts = pc.if_else(pc.equal(texts, ""), scalar_of(None, pa.string()), texts)
            columns.append(texts if changed else column)
        cells = pa.table(columns, names=list(self.names))
        return replace(parsed, cells=cells, trimmed=counts)

    def _parse_exactly(self, chunk: Chunk) -> Parsed:
        width = len(self.names)
        header = tuple(
            b"" if at in self.unnamed else name.encode() for at, name in enumerate(self.names)
        )
        good: list[list[str | None]] = []
        rows: list[int] = []
        faults: list[Fault] = []
        for index, record in enumerate(self._records(chunk)):
            fields = split_fields(record, self.dialect)
            texts = trimmed(fields, self.dialect)
            fault = record_fault(texts, header)
            if fault in (None, (0, "bad-encoding")) and reorders_header(texts, header):
                raise self._second_table(chunk, index)
            if not chunk.terminated and not self.allow_no_final_newline:
                fault = (-1, "unterminated")
            if fault is None:
                good.append([field.text.decode() or None for field in fields])
                rows.append(index)
            else:
                position, reason = fault
                column = self.names[position] if position >= 0 else ""
                faults.append(Fault(index, position, column, reason))
        columns = list(zip(*good, strict=True)) if good else [()] * width
        cells = pa.table(
            [array_of_list(column, pa.string()) for column in columns], names=list(self.names)
        )
        return self._trimmed(
            Parsed(cells=cells, rows=np.array(rows, np.int64), faults=tuple(faults))
        )

    def _second_table(self, chunk: Chunk, index: int) -> DataError:
        (record,) = self.raw_records(chunk, [index])
        return DataError(
            "a second table begins here: the header's names in another order",
            where=f"{self.path}, row {chunk.first_row + index}, line {record.line}",
            hint="Split the file in two; the rows below would be read under the wrong names.",
        )

    def _records(self, chunk: Chunk) -> Iterator[bytes]:
        data = _terminated(chunk)
        start = 0
        for end in find_records(data, self.dialect).ends.tolist():
            yield strip_newline(data[start:end])
            start = end


def has_blank_line(data: bytes) -> bool:
    """Look for an empty line, which Arrow reads as a row of nulls, however many columns there are.

    Args:
        data: Records.
    """
    if data.startswith((b"\n", b"\r\n")) or b"\n\n" in data:
        return True
    return b"\r" in data and b"\n\r\n" in data


def _terminated(chunk: Chunk) -> bytes:
    return chunk.data if chunk.terminated else chunk.data + b"\n"
