"""Open an input as a run's options say."""

from __future__ import annotations

from titanic_batch.alignment.number_format import refuse_delimiter
from titanic_batch.scoring.finding import InputFile
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.sizes import chunk_bytes
from titanic_batch.sources.base import Source
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.formats import input_format
from titanic_batch.sources.opening import dialect_of, open_source
from titanic_batch.sources.partitioned import PartitionedSource


def source_of(file: InputFile, options: ScoreOptions, *, chunk_size: int | None = None) -> Source:
    """Open an input, with the columns of its partition; see `open_source` for what it raises.

    Args:
        file: The input.
        options: How it is written.
        chunk_size: How much of it a chunk holds; None for what suits its size.
    """
    if file.error is not None:
        raise file.error
    if input_format(file.path) in ("csv", "tsv"):
        dialect_for(file.path, options)
    source = open_source(
        file.path,
        chunk_bytes=chunk_bytes(file.path, options) if chunk_size is None else chunk_size,
        max_record_bytes=options.max_record_bytes,
        allow_no_final_newline=options.allow_no_final_newline,
        allow_empty=options.allow_empty,
        **options.declared,
    )
    return PartitionedSource(source, file.partition, file.path) if file.partition else source


def dialect_for(path: str, options: ScoreOptions) -> Dialect:
    """Return how the CSV file at `path` is written.

    Raises:
        UsageError: if that cannot be.
    """
    dialect = dialect_of(path, **options.declared)
    refuse_delimiter(options.numbers, dialect.delimiter.decode())
    return dialect


def check_reading(options: ScoreOptions) -> None:
    """Refuse what is wrong of whatever CSV file; raises UsageError."""
    declared = options.declared
    dialect = dialect_of("", **declared)
    if declared["delimiter"] is not None:
        refuse_delimiter(options.numbers, dialect.delimiter.decode())
