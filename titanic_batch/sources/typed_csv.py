"""Read a CSV chunk straight into numbers and dictionaries, where that is what its texts would give.

Arrow's CSV reader turns a text into a number by the code that casts texts to numbers. The two
differ in what is not taken here: padding apart, which makes no other number, a chunk is left to the
reader of texts as soon as a cell is no number, or one that texts are looked at more closely for
(NaN, infinity, 2^53 and above, a fraction among whole numbers).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from titanic_batch.sources.base import Chunk, Parsed, RawRecord
from titanic_batch.sources.csv_parser import CsvParser, has_blank_line
from titanic_batch.sources.dialect import Dialect

#: What a column's cells are read as: float64, float64 without fractions, or a dictionary of texts.
CellType = Literal["number", "integer", "dictionary"]

_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
_INEXACT = 2.0**53


@dataclass(frozen=True, kw_only=True)
class TypedCsvParser:
    """Parses chunks of a CSV file as another parser does, some columns into types.

    Attributes:
        parser: The other; it reads texts.
        types: The columns that are no texts where all of a chunk's cells are as they should be.
    """

    parser: CsvParser
    types: tuple[tuple[str, CellType], ...]

    def parse(self, chunk: Chunk) -> Parsed:
        """Read the chunk's records into columns, all of them texts where one is odd."""
        cells = self._typed([chunk])
        return self.parser.parse(chunk) if cells is None else Parsed(cells=cells, rows=None)

    def parse_together(self, chunks: Sequence[Chunk]) -> pa.Table | None:
        """Read several chunks' records into columns; None where one may have faults."""
        cells = self._typed(chunks)
        return self.parser.parse_together(chunks) if cells is None else cells

    def raw_records(self, chunk: Chunk, indices: Sequence[int]) -> list[RawRecord]:
        """Return the records at some positions as the input holds them."""
        return self.parser.raw_records(chunk, indices)

    def _typed(self, chunks: Sequence[Chunk]) -> pa.Table | None:
        if not all(map(self.parser.may_be_clean, chunks)):
            return None
        data = chunks[0].data if len(chunks) == 1 else b"".join(chunk.data for chunk in chunks)
        cells = _read(data, self.parser, dict(self.types))
        if cells is None or cells.num_rows != sum(chunk.row_count for chunk in chunks):
            return None
        # Arrow reads an empty line as a row of nulls.
        if all(column.null_count for column in cells.columns) and has_blank_line(data):
            return None
        return cells if all(_is_plain(cells.column(name), to) for name, to in self.types) else None


def with_types(parser: CsvParser, types: dict[str, CellType]) -> CsvParser | TypedCsvParser:
    """Return a parser that reads some columns into types; the same one where it can't be known.

    A record that repeats the header is seen by this: its name is no number. So there must be a
    column of numbers, no name that is one, and none that the header does not hold.
    """
    dialect = parser.dialect
    known = Dialect(
        delimiter=dialect.delimiter, encoding=dialect.encoding, skip_lines=dialect.skip_lines
    )
    has_numbers = any(to != "dictionary" for to in types.values())
    if dialect != known or parser.unnamed or not has_numbers:
        return parser
    if any(map(_may_be_number, parser.names)):
        return parser
    return TypedCsvParser(parser=parser, types=tuple(sorted(types.items())))


def _may_be_number(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return float(name) is not None
    return not name.strip()


def _read(data: bytes, parser: CsvParser, types: dict[str, CellType]) -> pa.Table | None:
    kinds = {"number": pa.float64(), "integer": pa.float64(), "dictionary": _DICTIONARY}
    try:
        return csv.read_csv(
            pa.BufferReader(data),
            read_options=csv.ReadOptions(
                use_threads=False, block_size=len(data) + 1, column_names=list(parser.names)
            ),
            parse_options=csv.ParseOptions(
                delimiter=parser.dialect.delimiter.decode(),
                newlines_in_values=False,
                ignore_empty_lines=False,
            ),
            convert_options=csv.ConvertOptions(
                column_types={
                    name: kinds[types[name]] if name in types else pa.string()
                    for name in parser.names
                },
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None


def _is_plain(column: pa.ChunkedArray, to: CellType) -> bool:
    """Return whether numbers need no closer look."""
    if to == "dictionary" or column.null_count == len(column):
        return True
    extremes = pc.min_max(column)
    low, high = extremes["min"].as_py(), extremes["max"].as_py()  # these pass over NaN
    if not -_INEXACT < low <= high < _INEXACT or pc.any(pc.is_nan(column)).as_py():
        return False
    return to == "number" or bool(pc.all(pc.equal(column, pc.trunc(column))).as_py())
