"""Spans: a part of an input is cut into the same chunks alone as in a pass over all of it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from titanic_batch.errors import DataError
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.opening import open_source
from titanic_batch.sources.spans import Span, spans_of

RECORDS = st.sampled_from(
    [
        b"1,2\n",
        b"\n",
        b"1,22\r\n",
        b'1,"a\nb"\n',
        b'"x""y",2\n',
        b'1,b"c\n',
        b"1," + b"long" * 30 + b"\n",
    ]
)


def chunks_by_span(path: Path, chunk_bytes: int, span_bytes: int) -> list[tuple[Span, list[Chunk]]]:
    source = open_source(str(path), chunk_bytes=chunk_bytes, max_record_bytes=1 << 20)
    found: list[tuple[Span, list[Chunk]]] = []
    chunks: list[Chunk] = []
    for item in spans_of(source, span_bytes).chunks_and_spans():
        if isinstance(item, Chunk):
            chunks.append(item)
        else:
            found.append((item, chunks))
            chunks = []
    assert not chunks
    source.close()
    return found


def shown(chunks: list[Chunk]) -> list[Chunk]:
    """Return chunks without what also tells of the bytes after them, for the parser's haste."""
    return [replace(chunk, regular=True) for chunk in chunks]


def read_alone(path: Path, span: Span, chunk_bytes: int, span_bytes: int) -> list[Chunk]:
    source = open_source(str(path), chunk_bytes=chunk_bytes, max_record_bytes=1 << 20)
    with contextlib.closing(source):
        return list(spans_of(source, span_bytes).chunks_of(span))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    records=st.lists(RECORDS, max_size=30),
    bom=st.booleans(),
    ends=st.booleans(),
    sizes=st.tuples(st.integers(1, 60), st.integers(1, 200)),
)
@example(  # a record so long that the next, which ends just past what was read, is longer, too
    records=[b"1,aaaaaaaaaa\n", b"1,bbbbbb\n", b"3\n"], bom=False, ends=True, sizes=(5, 13)
)
def test_a_span_of_csv_is_cut_alike_alone(
    tmp_path: Path, records: list[bytes], bom: bool, ends: bool, sizes: tuple[int, int]
) -> None:
    text = b"\xef\xbb\xbf" * bom + b"a,b\n" + b"".join(records) + b"9,9" * (not ends)
    path = tmp_path / "in.csv"
    path.write_bytes(text)
    found = chunks_by_span(path, *sizes)
    body, read = (
        text.partition(b"a,b\n")[2],
        b"".join(c.data for _, chunks in found for c in chunks),
    )
    assert body.startswith(read)
    assert body[len(read) :].strip(b"\n") == b""  # empty lines at the end are no records
    row = 1
    for span, chunks in found:
        alone = read_alone(path, span, *sizes)
        assert shown(alone) == shown(chunks)
        assert text[span.offset : span.offset + span.length] == b"".join(c.data for c in chunks)
        assert (span.first_row, span.rows) == (row, sum(chunk.row_count for chunk in chunks))
        row += span.rows
        if chunks:
            assert span.first_line == text[: span.offset].count(b"\n") + 1
            assert span.lines == text[span.offset :][: span.length].count(b"\n")


def test_a_span_that_has_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 20)
    spans = [span for span, _ in chunks_by_span(path, 8, 24)]
    path.write_bytes(path.read_bytes()[:-2] + b"3\n")
    assert read_alone(path, spans[0], 8, 24)
    with pytest.raises(DataError, match="changed"):
        read_alone(path, spans[-1], 8, 24)


def test_a_row_group_that_has_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    table = pa.table({"a": list(range(100)), "b": ["x"] * 100})
    pq.write_table(table, path, row_group_size=20)
    found = chunks_by_span(path, 1 << 20, 1)
    assert [span.rows for span, _ in found] == [20] * 5
    for span, chunks in found:
        assert read_alone(path, span, 1 << 20, 1) == chunks
    pq.write_table(table.slice(0, 99), path, row_group_size=20)
    assert read_alone(path, found[0][0], 1 << 20, 1)
    with pytest.raises(DataError, match="changed"):
        read_alone(path, found[-1][0], 1 << 20, 1)
