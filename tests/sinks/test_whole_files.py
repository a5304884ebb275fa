"""A file that a worker makes as a whole is the one that a sink would have written."""

from __future__ import annotations

import io
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from titanic_batch.sinks.formats import format_of

TABLE = pa.table(
    {
        "name": ["Ada", 'with "quotes", commas\nand lines', None, ""],
        "class": [1, 2, 3, None],
        "probability": [0.1, 1.0, None, 1e-17],
    }
)


@pytest.mark.parametrize("output_format", ["csv", "parquet"])
def test_a_whole_file_is_what_a_sink_writes(output_format: Literal["csv", "parquet"]) -> None:
    written = format_of(output_format, TABLE.schema, {"model": "a:1"}, ("class",))
    file = io.BytesIO()
    sink = written.open(file)
    sink.write(written.rows.encode(TABLE))
    sink.finish()
    assert written.file.encode(TABLE) == file.getvalue()


def test_a_whole_parquet_file_is_read_back_as_it_was() -> None:
    written = format_of("parquet", TABLE.schema, {"model": "a:1"})
    content = pa.BufferReader(written.file.encode(TABLE))
    assert pq.read_table(content).cast(TABLE.schema).equals(TABLE)
    assert (
        pq.read_metadata(pa.BufferReader(written.file.encode(TABLE))).metadata[b"model"] == b"a:1"
    )
