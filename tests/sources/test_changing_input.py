"""A file that changes while it is read fails the run, whatever was read of it."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.sources.reading import open_it, write
from titanic_batch.errors import DataError
from titanic_batch.sources.base import Source

BODY = "Id,Name\n" + "1,An\n" * 2000


@pytest.fixture(params=["input.csv", "input.jsonl", "input.parquet"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    target: Path = tmp_path / request.param
    if target.suffix == ".parquet":
        pq.write_table(pa.table({"Id": list(range(2000))}), target, row_group_size=100)
    elif target.suffix == ".jsonl":
        target.write_text('{"Id": 1, "Name": "An"}\n' * 2000)
    else:
        target.write_text(BODY)
    # Well in the past, so that a write now changes the time however coarse the clock is.
    os.utime(target, (1_000_000_000, 1_000_000_000))
    return target


def start(path: Path) -> Source:
    """Open a file and take its first chunk."""
    source = open_it(path, chunk_bytes=200)
    next(source.chunks())
    return source


def assert_refused(source: Source) -> None:
    with pytest.raises(DataError, match="the input changed while it was read"):
        source.info()
    source.close()


def test_an_undisturbed_file_passes(path: Path) -> None:
    source = start(path)
    assert source.info().path == str(path)
    source.close()


def test_a_file_that_grew(path: Path) -> None:
    source = start(path)
    with path.open("ab") as file:
        file.write(b"2,Bo\n")
    assert_refused(source)


def test_a_file_that_shrank(path: Path) -> None:
    source = start(path)
    os.truncate(path, path.stat().st_size - 5)
    assert_refused(source)


def test_a_file_that_was_written_over_in_place(path: Path) -> None:
    source = start(path)
    with path.open("r+b") as file:
        file.seek(20)
        file.write(b"X")
    assert_refused(source)


def test_a_file_that_grew_is_read_to_its_new_end_and_refused(tmp_path: Path) -> None:
    target = write(tmp_path, BODY)
    source = open_it(target, chunk_bytes=200)
    chunks = source.chunks()
    rows = next(chunks).row_count
    with target.open("ab") as file:
        file.write(b"2,Bo\n" * 10)
    rows += sum(chunk.row_count for chunk in chunks)
    assert rows == 2010
    assert_refused(source)


def test_a_file_that_another_replaced_is_still_the_one_that_was_opened(path: Path) -> None:
    size = path.stat().st_size
    source = open_it(path)
    write(path.parent, b"another file", "other").replace(path)
    assert sum(chunk.row_count for chunk in source.chunks()) == 2000
    assert source.info().bytes == size
    source.close()
