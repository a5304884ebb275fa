"""Choose a format by its name."""

from __future__ import annotations

import pyarrow as pa

from titanic_batch.sinks.base import Format
from titanic_batch.sinks.compressed import CompressedFormat
from titanic_batch.sinks.csv_sink import CsvFormat
from titanic_batch.sinks.jsonl_sink import JsonlFormat
from titanic_batch.sinks.names import Compression, OutputFormat
from titanic_batch.sinks.parquet_sink import ParquetFormat


def format_of(
    output_format: OutputFormat,
    schema: pa.Schema,
    metadata: dict[str, str],
    repeating: tuple[str, ...] = (),
    compression: Compression | None = None,
) -> Format:
    """Return how rows of `schema` are written in the given format.

    Args:
        output_format: What is written.
        schema: The output's columns.
        metadata: For Parquet's own key-value metadata.
        repeating: Columns with few distinct values.
        compression: What the file is compressed with as a whole.
    """
    if output_format == "parquet":
        return ParquetFormat(schema, metadata, repeating)
    plain: Format = JsonlFormat(schema) if output_format == "jsonl" else CsvFormat(schema)
    return plain if compression is None else CompressedFormat(plain, compression)
