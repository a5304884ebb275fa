"""Wherever the chunks of a CSV file end, its records, lines and verdicts are the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.reading import Reading, collect, read, write
from tests.sources.test_grammar import (
    DIALECTS,
    PLAIN,
    buffers,
    damaged_records,
    odd_buffers,
    scanned,
)
from titanic_batch.errors import DataError
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.csv_cutter import cut_chunks
from titanic_batch.sources.csv_parser import CsvParser
from titanic_batch.sources.dialect import Dialect

PASSENGERS = Path(__file__).parents[2] / "sample_data" / "passengers.csv"
NAMES = ("a", "b", "c")


def cut_and_parse(
    data: bytes, chunk_bytes: int, names: tuple[str, ...] = NAMES, dialect: Dialect = PLAIN
) -> Reading:
    parser = CsvParser(names=names, dialect=dialect)
    return collect(parser, cut(data, chunk_bytes, dialect), list(names))


def cut(data: bytes, chunk_bytes: int, dialect: Dialect = PLAIN) -> Iterator[Chunk]:
    return cut_chunks(
        io.BytesIO(data).read,
        b"",
        first_line=2,
        dialect=dialect,
        chunk_bytes=chunk_bytes,
        max_record_bytes=1 << 20,
        path="file",
    )


@pytest.mark.parametrize(("more", "is_all"), [(-1, False), (0, True), (1, True)])
def test_an_input_that_just_fills_a_chunk_is_known_to_be_all(more: int, is_all: bool) -> None:
    data = b"1,2,3\n4,5,6\n"  # a whole input may be scored together with others
    assert next(cut(data, len(data) + more)).is_all == is_all


@settings(max_examples=100, deadline=None)
@given(damaged_records() | buffers | odd_buffers, st.sampled_from(DIALECTS))
def test_every_chunk_size_gives_the_records_of_the_state_machine(
    data: bytes, dialect: Dialect
) -> None:
    header = [name.encode() for name in NAMES]
    complete = scanned(data, dialect, first_line=2)
    tail = data[complete.ends[-1] if complete.ends else 0 :]
    closing = scanned(tail + b"\n", dialect) if tail else None
    expected = list(complete.records)
    sizes = {*range(1, min(len(data), 25) + 1), len(data), len(data) + 1, 4096} - {0}
    if closing is not None and not closing.records:
        line = 2 + data[: len(data) - len(tail)].count(b"\n")
        for size in sorted(sizes):
            with pytest.raises(DataError, match=rf"file, line {line}: a quote is opened"):
                cut_and_parse(data, size, NAMES, dialect)
        return
    while not tail and expected and data[expected[-1].start :].strip(b"\r\n") == b"":
        last = expected.pop()  # an empty line at the end
        if data[last.start : last.end] not in (b"\n", b"\r\n"):
            expected.append(last)
            break
        data = data[: last.start]
    for record in expected:
        record.fields = [text.strip(dialect.padding) for text in record.fields]
    verdicts = [record.verdict(header) for record in expected]
    for size in sorted(sizes):
        reading = cut_and_parse(data + b"\n" if not tail else data, size, NAMES, dialect)
        assert b"".join(chunk.data for chunk in reading.chunks) == data
        assert [chunk.row_count for chunk in reading.chunks[:-1]] == [
            chunk.row_count for chunk in reading.chunks[:-1] if chunk.terminated
        ]
        lines = [record.line for record in expected]
        if tail:
            lines.append(2 + data[: len(data) - len(tail)].count(b"\n"))
        assert reading.lines == lines
        assert reading.rows == {
            row: tuple(text.decode() or None for text in record.fields)
            for row, (record, verdict) in enumerate(zip(expected, verdicts, strict=True), 1)
            if verdict is None
        }
        faults = [
            (row, NAMES[verdict[0]] if verdict[0] >= 0 else "", verdict[1])
            for row, verdict in enumerate(verdicts, 1)
            if verdict is not None
        ]
        if tail:
            faults.append((len(expected) + 1, "", "unterminated"))
        assert [(r.row, r.column, r.reason) for r in reading.rejected] == faults


@settings(max_examples=150, deadline=None)
@given(damaged_records() | buffers | odd_buffers, st.sampled_from(DIALECTS))
def test_the_fast_parse_is_the_exact_parse(data: bytes, dialect: Dialect) -> None:
    complete = scanned(data, dialect).ends
    body = data[: complete[-1]] if complete else b""
    for width in (1, 2, 3, 11):
        names = tuple(f"column{number}" for number in range(width))
        parser = CsvParser(names=names, dialect=dialect)
        for size in (1, 16, 4096):
            for chunk in cut_and_parse(body, size, names, dialect).chunks:
                parsed = parser.parse(chunk)
                exact = parser._parse_exactly(chunk)
                assert exact.cells.combine_chunks() == parsed.cells.combine_chunks()
                assert exact.faults == parsed.faults
                assert exact.trimmed == parsed.trimmed
                rows = np.arange(chunk.row_count) if parsed.rows is None else parsed.rows
                assert exact.rows is not None
                assert exact.rows.tolist() == rows.tolist()


TRICKY = (
    'PassengerId,Pclass,Name,Ticket\n1,3,"Panula,\nMr. ""Jaako""\r\n\nArnold",\n'
    '2,1,plain,"PC 1"\r\n"","","",""\r\n3,2,"é, ""ü""",x\n'
    '4,2,b"ad,x\n5,2\n6,2,"a"x,y\n7,2,"multi\nline"malformed,y\n'
    "PassengerId,Pclass,Name,Ticket\n8,2,\xff,\x00\n9,2,c\rr,y\n10,1,last,ok\n"
)


def test_a_file_reads_alike_at_every_chunk_size_from_one_byte_up(tmp_path: Path) -> None:
    path = write(tmp_path, TRICKY.encode("latin-1").replace(b"\xe9", b"\xc3\xa9"))
    size = path.stat().st_size
    whole = read(path, chunk_bytes=size)
    assert [(reject.row, reject.line, reject.reason) for reject in whole.rejected] == [
        (4, 8, "bad-encoding"),  # the ü is latin-1
        (5, 9, "bad-quote"),
        (6, 10, "wrong-width"),
        (7, 11, "bad-quote"),
        (8, 12, "bad-quote"),
        (9, 14, "repeated-header"),
        (10, 15, "bad-encoding"),
        (11, 16, "bad-quote"),
    ]
    assert whole.rejected[4].record == '7,2,"multi\nline"malformed,y'
    assert whole.rows[1] == ("1", "3", 'Panula,\nMr. "Jaako"\r\n\nArnold', None)
    assert whole.rows[3] == (None, None, None, None)
    for chunk_bytes in range(1, size):
        assert read(path, chunk_bytes=chunk_bytes).verdicts == whole.verdicts


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_passenger_list_reads_as_pythons_csv_reads_it(tmp_path: Path, newline: str) -> None:
    text = PASSENGERS.read_text(encoding="utf-8").replace("\n", newline)
    path = write(tmp_path, text)
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected = [tuple(cell or None for cell in row) for row in rows]
    for chunk_bytes in (100, 1000, 4096, 1 << 20):
        reading = read(path, chunk_bytes=chunk_bytes)
        assert reading.names == header
        assert reading.cells == expected
        assert not reading.rejected
        assert "".join(record + newline for record in reading.records) == text.split(newline, 1)[1]
        assert reading.lines == list(range(2, len(rows) + 2))


def test_chunks_hold_about_the_size_that_was_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + "1234,6789\n" * 1000)
    chunks = read(path, chunk_bytes=1000).chunks
    assert {len(chunk.data) for chunk in chunks[:-1]} == {1000}
    assert len(chunks) == 10
    assert all(chunk.regular and chunk.terminated for chunk in chunks)
