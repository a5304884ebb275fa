"""Write a training file anew as pandas.read_csv reads it without options, by the rules of `score`.

pandas knows options of these names, and takes `1.23` for 123 where points part thousands.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from titanic_batch.alignment.number_format import PLAIN_NUMBERS, NumberFormat, refuse_delimiter
from titanic_batch.errors import DataError, InputMissingError
from titanic_batch.nulls import READ_AS_NULL
from titanic_batch.sources.base import Chunk, Parsed, Parser
from titanic_batch.sources.opening import dialect_of, open_source
from titanic_batch.training.reading import Reading

_CHUNK_BYTES, _MAX_RECORD_BYTES = 4 << 20, 16 << 20


def plain_copy(path: Path, reading: Reading, texts: Collection[str]) -> tuple[str, frozenset[str]]:
    """Return a training CSV with commas, doubled quotes and plain numbers.

    Args:
        path: The file.
        reading: How it is written.
        texts: Columns that hold text, whatever it looks like.

    Returns:
        The CSV text, and the columns that hold text although Python would read numbers there:
        1.5 is none where the decimal mark is a comma.

    Raises:
        DataError: if a record cannot be read.
        UsageError: if it cannot be written like that.
    """
    dialect = dialect_of(str(path), delimiter=reading.delimiter)
    refuse_delimiter(reading.numbers, dialect.delimiter.decode())
    source = open_source(
        str(path),
        chunk_bytes=_CHUNK_BYTES,
        max_record_bytes=_MAX_RECORD_BYTES,
        allow_no_final_newline=True,
        delimiter=reading.delimiter,
        encoding=reading.encoding,
        escape=reading.escape,
        skip_lines=reading.skip_lines,
        trim=reading.trim,
    )
    try:
        tables = [_cells(source.parser, chunk, str(path)) for chunk in source.chunks()]
        source.info()
    finally:
        source.close()
    if not tables:
        raise InputMissingError("the training file has no data rows", where=str(path))
    table = pa.concat_tables(tables).combine_chunks()
    misleading = set()
    if not reading.numbers.is_plain:
        nulls = (*READ_AS_NULL, *reading.null_tokens)
        for place, name in enumerate(table.column_names):
            column = _with_plain_numbers(table.column(place), reading.numbers, nulls)
            if column is None:
                misleading.add(name)
            elif name not in texts:
                table = table.set_column(place, name, column)
    sink = io.BytesIO()
    csv.write_csv(table, sink)
    return sink.getvalue().decode(), frozenset(misleading)


def _cells(parser: Parser, chunk: Chunk, path: str) -> pa.Table:
    parsed: Parsed = parser.parse(chunk)
    for fault in parsed.faults:
        (record,) = parser.raw_records(chunk, [fault.index])
        raise DataError(
            f"a record cannot be read: {fault.reason}", where=f"{path}, line {record.line}"
        )
    return parsed.cells


def _with_plain_numbers(
    column: pa.ChunkedArray, numbers: NumberFormat, nulls: Collection[str]
) -> pa.ChunkedArray | None:
    """Return a column with plain numbers, where it holds nothing but numbers and nulls.

    None where its texts look like numbers, and are none in this format.
    """
    is_null = pc.is_in(column, value_set=pa.array(nulls, pa.string()))
    present = column.filter(pc.invert(is_null)).drop_null()
    if not numbers.all_fit(present):
        return None if PLAIN_NUMBERS.all_fit(present) else column
    return pc.if_else(is_null, column, pc.cast(numbers.plain(column), pa.string()))
