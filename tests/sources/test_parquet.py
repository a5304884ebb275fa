"""Parquet: batches of about the chunk size with the file's own types, or one clear failure."""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import io
import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.sources.reading import open_it, read, write
from titanic_batch.errors import DataError, InputMissingError, UsageError

TABLE = pa.table({"Id": list(range(1000)), "Name": [f"name {n % 7}" for n in range(1000)]})


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


@pytest.mark.parametrize("row_group_size", [1, 7, 100, 1000])
@pytest.mark.parametrize("chunk_bytes", [1, 100, 2000, 1 << 20])
def test_row_groups_larger_and_smaller_than_a_chunk(
    tmp_path: Path, row_group_size: int, chunk_bytes: int
) -> None:
    table = TABLE.slice(0, 200)
    content = parquet(table, row_group_size=row_group_size)
    path = write(tmp_path, content, "input.parquet")
    reading = read(path, chunk_bytes=chunk_bytes)
    assert reading.cells == list(zip(*table.to_pydict().values(), strict=True))
    assert list(reading.rows) == list(range(1, 201))
    assert reading.lines == [None] * 200
    assert sum(chunk.row_count for chunk in reading.chunks) == 200
    if chunk_bytes == 1:
        assert {chunk.row_count for chunk in reading.chunks} == {1}
    assert reading.info is not None
    assert reading.info.format == "parquet"
    assert reading.info.bytes == len(content)
    assert reading.info.sha256 == hashlib.sha256(content).hexdigest()


def test_chunks_are_about_as_large_as_asked_for(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array(range(100_000), pa.int64())})
    path = write(tmp_path, parquet(table, use_dictionary=False), "input.parquet")
    chunks = read(path, chunk_bytes=80_000).chunks
    assert 8 <= len(chunks) <= 12


SAILED = dt.datetime(1912, 4, 15, tzinfo=dt.UTC)

COLUMNS: dict[str, pa.Array] = {
    "int8": pa.array([1, None], pa.int8()),
    "uint64": pa.array([2**64 - 1, None], pa.uint64()),
    "int64": pa.array([-(2**63), None], pa.int64()),
    "float16": pa.array([1.5, None], pa.float16()),
    "float32": pa.array([0.1, None], pa.float32()),
    "float64": pa.array([0.1, None]),
    "string": pa.array(["é,\n", None]),
    "large_string": pa.array(["x", None], pa.large_string()),
    "dictionary": pa.array(["x", None]).dictionary_encode(),
    "boolean": pa.array([True, None]),
    "decimal": pa.array([decimal.Decimal("1.50"), None]),
    "date": pa.array([dt.date(1912, 4, 15), None]),
    "time": pa.array([dt.time(2, 20), None]),
    "timestamp": pa.array([SAILED.replace(tzinfo=None), None], pa.timestamp("us")),
    "zoned": pa.array([SAILED] * 2, pa.timestamp("ms", tz="UTC")),
    "duration": pa.array([dt.timedelta(1), None]),
    "binary": pa.array([b"\xff\x00", None]),
    "fixed": pa.array([b"\xff\x00", None], pa.binary(2)),
    "list": pa.array([[1, None], None]),
    "struct": pa.array([{"a": 1}, None]),
    "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    "null": pa.nulls(2),
}  # fmt: skip


@pytest.mark.parametrize("name", list(COLUMNS))
@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
def test_a_column_keeps_its_type_and_values(tmp_path: Path, name: str, chunk_bytes: int) -> None:
    table = pa.table({name: COLUMNS[name]})
    path = write(tmp_path, parquet(table), "input.parquet")
    source = open_it(path, chunk_bytes=chunk_bytes)
    assert source.schema.types == table.schema.types
    parsed = [source.parser.parse(chunk).cells for chunk in source.chunks()]
    assert pa.concat_tables(parsed).to_pylist() == table.to_pylist()
    source.close()


def test_raw_records_are_json_whatever_the_types(tmp_path: Path) -> None:
    path = write(tmp_path, parquet(pa.table(COLUMNS)), "input.parquet")
    first, second = (json.loads(record) for record in read(path).records)
    assert list(first) == list(COLUMNS)
    assert first["uint64"] == 2**64 - 1
    assert first["string"] == "é,\n"
    assert first["date"] == "1912-04-15"
    assert first["decimal"] == "1.50"
    assert second["int8"] is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_raw_records_are_json_even_of_numbers_that_json_lacks(tmp_path: Path, value: float) -> None:
    table = pa.table({"x": [value], "y": [[value, 1.0]], "z": [{"a": value}], "n": [1]})
    (record,) = read(write(tmp_path, parquet(table), "input.parquet")).records

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    decoded = json.loads(record, parse_constant=refuse)
    text = str(value)
    assert decoded == {"x": text, "y": [text, 1.0], "z": {"a": text}, "n": 1}


def test_a_file_without_rows_has_no_chunks_with_rows(tmp_path: Path) -> None:
    for table in (TABLE.slice(0, 0), pa.table({})):
        reading = read(write(tmp_path, parquet(table), "input.parquet"))
        assert reading.names == table.column_names
        assert not reading.rows


def test_an_empty_file_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="the input is empty"):
        open_it(write(tmp_path, b"", "input.parquet"))


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"PAR1", b"PAR1PAR1", b"PAR1" * 100, b"\0" * 9])
def test_what_is_no_parquet_file_fails(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"not a readable Parquet file.*(named \.csv|`cp )"):
        open_it(write(tmp_path, content, "input.parquet"))


def test_an_encrypted_footer_fails(tmp_path: Path) -> None:
    content = parquet(TABLE)
    with pytest.raises(DataError, match="not a readable Parquet file"):
        open_it(write(tmp_path, content[:-4] + b"PARE", "input.parquet"))


def test_a_repeated_column_fails_by_name(tmp_path: Path) -> None:
    table = pa.table([[1], [2], [3]], names=["Age", "Sex", "Age"])
    with pytest.raises(DataError, match="it repeats column Age"):
        open_it(write(tmp_path, parquet(table), "input.parquet"))


def test_a_damaged_page_fails_by_its_checksum_and_says_where(tmp_path: Path) -> None:
    content = bytearray(parquet(TABLE, row_group_size=100, write_page_checksum=True))
    metadata = pq.read_metadata(io.BytesIO(bytes(content)))
    column = metadata.row_group(5).column(0)
    content[column.data_page_offset + column.total_compressed_size - 60] ^= 1
    path = write(tmp_path, bytes(content), "input.parquet")
    with pytest.raises(DataError, match="it is damaged after row") as caught:
        read(path, chunk_bytes=800)
    assert caught.value.where == str(path)


def test_a_row_group_that_miscounts_its_rows_fails(tmp_path: Path) -> None:
    content = parquet(TABLE.slice(0, 100), row_group_size=50)
    # In the footer (thrift's compact form), a row group's rows are field 3 behind its byte size:
    # the type and the step in one byte, then 50 as a zigzag number.
    position = content.rindex(b"\x16\x64")
    damaged = content[:position] + b"\x16\x62" + content[position + 2 :]
    assert pq.ParquetFile(io.BytesIO(damaged)).metadata.row_group(1).num_rows == 49
    with pytest.raises(DataError, match="it holds 99 rows where 100 should be"):
        read(write(tmp_path, damaged, "input.parquet"))


def test_a_column_name_that_is_no_text_fails(tmp_path: Path) -> None:
    damaged = parquet(TABLE.rename_columns(["Id", "Qqqq"]), store_schema=False)
    path = write(tmp_path, damaged.replace(b"Qqqq", b"Qq\xffq"), "input.parquet")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        open_it(path)


@pytest.mark.parametrize("name", ["input.dat", "input", "input.parquet.gz", "input.xlsx"])
def test_an_unknown_extension_is_wrong_usage(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="unknown file extension"):
        open_it(write(tmp_path, "a,b\n1,2\n", name))


@pytest.mark.parametrize("index", [(892, 1310, 1), (10, -408, -1), (0, 4180, 10)])
def test_an_index_that_only_the_metadata_name_is_a_column(
    tmp_path: Path, index: tuple[int, int, int]
) -> None:
    frame = pd.DataFrame({"x": range(418)}, index=pd.RangeIndex(*index, name="Id"))
    frame.to_parquet(tmp_path / "input.parquet")
    assert "Id" not in pq.read_table(tmp_path / "input.parquet").to_pandas().columns
    for chunk_bytes in (500, 1 << 20):
        reading = read(tmp_path / "input.parquet", chunk_bytes=chunk_bytes)
        assert reading.names == ["x", "Id"]
        assert reading.cells == list(zip(frame["x"], frame.index, strict=True))
        assert json.loads(reading.records[3]) == {"x": 3, "Id": int(frame.index[3])}


def test_other_indices_add_no_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    unnamed, clashing, held = frame.copy(), frame.copy(), frame.copy()
    clashing.index = pd.RangeIndex(3, name="x")
    held.index = pd.Index([5, 3, 4], name="Id")  # a column of its own
    for index, names in ((unnamed, ["x"]), (clashing, ["x"]), (held, ["x", "Id"])):
        index.to_parquet(tmp_path / "input.parquet")
        assert read(tmp_path / "input.parquet").names == names


@pytest.mark.parametrize(
    "said",
    [
        "{",
        "[]",
        "[" * 100_000,
        '{"index_columns": ["x"]}',
        '{"index_columns": [{"kind": "range", "name": "i", "start": 0, "stop": 9, "step": 1}]}',
        '{"index_columns": [{"kind": "range", "name": "i", "start": 0, "stop": 3, "step": 0}]}',
        '{"index_columns": [{"kind": "range", "name": "i", "start": "0", "stop": 3, "step": 1}]}',
        '{"index_columns": [{"kind": "range", "name": "i", "start": 0, "stop": 1e99, "step": 1}]}',
    ],
)
def test_metadata_that_make_no_sense_add_no_column(tmp_path: Path, said: str) -> None:
    table = pa.table({"x": [1, 2, 3]}).replace_schema_metadata({"pandas": said})
    pq.write_table(table, tmp_path / "input.parquet")
    assert read(tmp_path / "input.parquet").names == ["x"]
