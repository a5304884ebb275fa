"""Open a source by its file's name."""

from __future__ import annotations

from typing import TypedDict, Unpack

from titanic_batch.sources.base import Source
from titanic_batch.sources.csv_source import CsvSource
from titanic_batch.sources.dialect import Dialect, declare_dialect
from titanic_batch.sources.foreign import unknown_format
from titanic_batch.sources.formats import input_format
from titanic_batch.sources.jsonl_source import JsonlSource
from titanic_batch.sources.parquet_source import ParquetSource


class Declared(TypedDict, total=False):
    """How a CSV file is written, as the options of these names say; see `declare_dialect`."""

    delimiter: str | None
    encoding: str
    escape: str | None
    skip_lines: int
    trim: bool


def open_source(
    path: str,
    *,
    chunk_bytes: int,
    max_record_bytes: int,
    allow_no_final_newline: bool = False,
    allow_empty: bool = False,
    **declared: Unpack[Declared],
) -> Source:
    """Open the input at `path` by its file name; `-` is CSV on standard input.

    Args:
        path: The file.
        chunk_bytes: How much of it a chunk holds.
        max_record_bytes: The longest record of a text that is accepted as one.
        allow_no_final_newline: Whether a last record without a newline is accepted.
        allow_empty: Whether a file without any bytes is an input without columns.
        **declared: How a CSV file is written; see `dialect_of`.

    Raises:
        UsageError: for an unknown file extension or dialect, or fewer lines than are to be skipped.
        InputMissingError: if it does not exist or is empty.
        DataError: if its header or structure is damaged.
        FileAccessError: if it cannot be read.
    """
    kind = input_format(path)
    if kind == "parquet":
        return ParquetSource(path, chunk_bytes=chunk_bytes, allow_empty=allow_empty)
    if kind is None:
        raise unknown_format(path)
    dialect = dialect_of(path, **declared)
    if kind == "jsonl":
        return JsonlSource(
            path,
            encoding=dialect.encoding,
            chunk_bytes=chunk_bytes,
            max_record_bytes=max_record_bytes,
            allow_no_final_newline=allow_no_final_newline,
            allow_empty=allow_empty,
        )
    return CsvSource(
        path,
        dialect=dialect,
        chunk_bytes=chunk_bytes,
        max_record_bytes=max_record_bytes,
        allow_no_final_newline=allow_no_final_newline,
        allow_empty=allow_empty,
    )


def dialect_of(path: str, **declared: Unpack[Declared]) -> Dialect:
    """Return how the CSV file at `path` is written; see `declare_dialect` for what it raises.

    Args:
        path: The file.
        **declared: What is known of it; without a delimiter a comma, or a tab in .tsv files.
    """
    delimiter = declared.get("delimiter")
    if delimiter is None:
        delimiter = "\t" if input_format(path) == "tsv" else ","
    return declare_dialect(
        delimiter,
        declared.get("encoding", "utf-8"),
        escape=declared.get("escape"),
        skip_lines=declared.get("skip_lines", 0),
        trim=declared.get("trim", False),
    )
