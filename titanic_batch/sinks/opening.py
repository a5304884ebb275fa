"""Open a sink by the format it writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Literal

import pyarrow as pa

from titanic_batch.sinks.base import Sink
from titanic_batch.sinks.csv_sink import CsvSink
from titanic_batch.sinks.parquet_sink import ParquetSink


def open_sink(
    file: IO[bytes],
    output_format: Literal["csv", "parquet"],
    schema: pa.Schema,
    metadata: dict[str, str],
    repeating: Sequence[str] = (),
) -> Sink:
    """Open a sink that writes rows of `schema` to `file` in the given format.

    Args:
        file: Where to.
        output_format: What is written.
        schema: The output's columns.
        metadata: For Parquet's own key-value metadata.
        repeating: Columns with few distinct values.
    """
    if output_format == "parquet":
        return ParquetSink(file, schema, metadata, repeating)
    return CsvSink(file, schema)
