"""Open a source by its file's name."""

from __future__ import annotations

from titanic_batch.sources.base import Source
from titanic_batch.sources.csv_source import CsvSource
from titanic_batch.sources.dialect import Dialect, declare_dialect
from titanic_batch.sources.foreign import unknown_format
from titanic_batch.sources.formats import input_format
from titanic_batch.sources.jsonl_source import JsonlSource
from titanic_batch.sources.parquet_source import ParquetSource


def open_source(
    path: str,
    *,
    chunk_bytes: int,
    max_record_bytes: int,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    allow_no_final_newline: bool = False,
    allow_empty: bool = False,
) -> Source:
    """Open the input at `path` by its file name; `-` is CSV on standard input.

    Args:
        path: The file.
        chunk_bytes: How much of it a chunk holds.
        max_record_bytes: The longest record of a text that is accepted as one.
        delimiter: Between CSV fields; None for a comma, or a tab in .tsv files.
        encoding: The text's encoding.
        allow_no_final_newline: Whether a last record without a newline is accepted.
        allow_empty: Whether a file without any bytes is an input without columns.

    Raises:
        UsageError: for an unknown file extension or dialect.
        InputMissingError: if it does not exist or is empty.
        DataError: if its header or structure is damaged.
        FileAccessError: if it cannot be read.
    """
    kind = input_format(path)
    if kind == "parquet":
        return ParquetSource(path, chunk_bytes=chunk_bytes, allow_empty=allow_empty)
    if kind is None:
        raise unknown_format(path)
    dialect = dialect_of(path, delimiter, encoding)
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


def dialect_of(path: str, delimiter: str | None, encoding: str) -> Dialect:
    """Return how the CSV file at `path` is written; see `declare_dialect` for what it raises.

    Args:
        path: The file.
        delimiter: As declared; None for a comma, or a tab in .tsv files.
        encoding: As declared.
    """
    usual = "\t" if input_format(path) == "tsv" else ","
    return declare_dialect(usual if delimiter is None else delimiter, encoding)
