"""Choose a format by its name."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from titanic_batch.sinks.base import Format
from titanic_batch.sinks.csv_sink import CsvFormat
from titanic_batch.sinks.parquet_sink import ParquetFormat


def format_of(
    output_format: Literal["csv", "parquet"],
    schema: pa.Schema,
    metadata: dict[str, str],
    repeating: tuple[str, ...] = (),
) -> Format:
    """Return how rows of `schema` are written in the given format.

    Args:
        output_format: What is written.
        schema: The output's columns.
        metadata: For Parquet's own key-value metadata.
        repeating: Columns with few distinct values.
    """
    if output_format == "parquet":
        return ParquetFormat(schema, metadata, repeating)
    return CsvFormat(schema)
