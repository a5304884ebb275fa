"""A file that a worker makes as a whole is the one that a sink would have written."""

from __future__ import annotations

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from titanic_batch.sinks.formats import format_of
from titanic_batch.sinks.names import Compression, OutputFormat, compression, output_format

TABLE = pa.table(
    {
        "name": ["Ada", 'with "quotes", commas\nand lines', None, ""],
        "class": [1, 2, 3, None],
        "probability": [0.1, 1.0, None, 1e-17],
    }
)


@pytest.mark.parametrize("packed", [None, "gzip", "zstd"])
@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
def test_a_whole_file_is_what_a_sink_writes(name: OutputFormat, packed: Compression | None) -> None:
    written = format_of(name, TABLE.schema, {"model": "a:1"}, ("class",), packed)
    file = io.BytesIO()
    sink = written.open(file)
    sink.write(written.rows.encode(TABLE))
    sink.finish()
    sink.close()
    assert written.file.encode(TABLE) == file.getvalue()


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_compressed_files_hold_the_plain_one_and_no_time(name: OutputFormat) -> None:
    plain = format_of(name, TABLE.schema, {}).file.encode(TABLE)
    packed = format_of(name, TABLE.schema, {}, (), "gzip").file.encode(TABLE)
    assert packed[:10] == bytes.fromhex("1f8b0800000000000003")  # no name, no time, Unix
    assert gzip.decompress(packed) == plain
    zstd = format_of(name, TABLE.schema, {}, (), "zstd").file.encode(TABLE)
    assert pa.CompressedInputStream(pa.BufferReader(zstd), "zstd").read() == plain


def test_names_stand_for_formats() -> None:
    names = ["a.CSV", "a.csv.gz", "b.ndjson.zst", "a.jsonl", "x.parquet"]
    assert [output_format(name) for name in names] == ["csv", "csv", "jsonl", "jsonl", "parquet"]
    assert [compression(name) for name in names] == [None, "gzip", "zstd", None, None]
    wrong = ["a.parquet.gz", "a.csv.bz2", "a.gz", "a", ".csv.gz.txt", "a.tsv"]
    assert [output_format(name) for name in wrong] == [None] * 6


def test_a_whole_parquet_file_is_read_back_as_it_was() -> None:
    written = format_of("parquet", TABLE.schema, {"model": "a:1"})
    content = pa.BufferReader(written.file.encode(TABLE))
    assert pq.read_table(content).cast(TABLE.schema).equals(TABLE)
    assert (
        pq.read_metadata(pa.BufferReader(written.file.encode(TABLE))).metadata[b"model"] == b"a:1"
    )
