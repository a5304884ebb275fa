"""Open an input as a run's options say."""

from __future__ import annotations

from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.sizes import chunk_bytes
from titanic_batch.sources.base import Source
from titanic_batch.sources.opening import open_source


def source_of(path: str, options: ScoreOptions, *, chunk_size: int | None = None) -> Source:
    """Open the input at `path`; see `open_source` for what it raises.

    Args:
        path: The input.
        options: How it is written.
        chunk_size: How much of it a chunk holds; None for what suits its size.
    """
    return open_source(
        path,
        chunk_bytes=chunk_bytes(path, options) if chunk_size is None else chunk_size,
        max_record_bytes=options.max_record_bytes,
        delimiter=options.delimiter,
        encoding=options.encoding,
        allow_no_final_newline=options.allow_no_final_newline,
        allow_empty=options.allow_empty,
    )
