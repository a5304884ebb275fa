"""Write CSV: UTF-8, commas, LF, a cell quoted only where it must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.arrow_arrays import array_of_list
from titanic_batch.sinks.base import Payload
from titanic_batch.sinks.text import content, large
from titanic_batch.unnamed import is_unnamed

#: What makes a cell need quotes.
_STRUCTURAL = r'[",\r\n]'


@dataclass(frozen=True)
class CsvEncoder:
    """Turns tables into CSV text; floats are the shortest text that reads back the same."""

    def encode(self, table: pa.Table) -> bytes:
        """Return the rows as CSV text without a header."""
        return _as_csv(table)


@dataclass(frozen=True)
class CsvFileEncoder:
    """Turns tables into CSV files."""

    def encode(self, table: pa.Table) -> bytes:
        """Return the header and the rows."""
        return _header(table.schema) + _as_csv(table)


@dataclass(frozen=True)
class CsvFormat:
    """CSV with the columns of `schema`; see `titanic_batch.sinks.base.Format`."""

    schema: pa.Schema
    rows = CsvEncoder()
    file = CsvFileEncoder()

    def open(self, file: IO[bytes]) -> CsvSink:
        """Open a sink that writes to `file`."""
        return CsvSink(file, self.schema)


class CsvSink:
    """Appends CSV text to a file.

    Args:
        file: Where to; the caller owns it.
        schema: The output's columns, for the header.
    """

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file = file
        self._file.write(_header(schema))

    def write(self, payload: Payload) -> None:
        """Append CSV text."""
        assert isinstance(payload, bytes)
        self._file.write(payload)

    def finish(self) -> None:
        """Do nothing: a CSV file has no end mark."""

    def close(self) -> None:
        """Do nothing: nothing is held back."""


def _header(schema: pa.Schema) -> bytes:
    shown = ["" if is_unnamed(field) else field.name for field in schema]
    names = _as_text(array_of_list(shown, pa.string()))
    return f"{','.join(names.to_pylist())}\n".encode()


def _as_csv(table: pa.Table) -> bytes:
    """Return rows as CSV text: Arrow's own writer would quote every text cell."""
    columns = [_as_text(column.combine_chunks()) for column in table.columns]
    records = pc.binary_join_element_wise(
        *columns, large(","), null_handling="replace", null_replacement=""
    )
    lines = pc.binary_join_element_wise(records, large(""), large("\n"))
    return content(lines)


def _as_text(column: pa.Array) -> pa.Array:
    """Return a column's cells as CSV shows them; text is quoted only where it must be."""
    text = pc.cast(column, pa.large_string())
    must_quote = pc.match_substring_regex(text, _STRUCTURAL)
    if not pc.any(must_quote).as_py():
        return text
    escaped = pc.replace_substring(text, '"', '""')
    quoted = pc.binary_join_element_wise(large('"'), escaped, large('"'), large(""))
    return pc.if_else(must_quote, quoted, text)
