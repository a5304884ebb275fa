"""CSV on standard input: however the bytes trickle in, the file is the same."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from tests.sources.reading import open_it, read
from titanic_batch.errors import DataError, InputMissingError

TEXT = b'Id,Name\n1,"An,\nJo"\n2,Bo\n3,"C ""y"""\r\n4,x,y\n' + b"".join(
    b"%d,name\n" % number for number in range(5, 400)
)


@contextmanager
def piped(monkeypatch: pytest.MonkeyPatch, feed: Callable[[int], None]) -> Iterator[None]:
    """Make standard input the end of a pipe that a thread writes to."""
    reader, writer = os.pipe()

    def write() -> None:
        try:
            feed(writer)
        finally:
            os.close(writer)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with io.TextIOWrapper(os.fdopen(reader, "rb")) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            yield
    finally:
        thread.join()


def in_pieces(data: bytes, size: int) -> Callable[[int], None]:
    def feed(writer: int) -> None:
        for start, end in pairwise([*range(0, len(data), size), len(data)]):
            os.write(writer, data[start:end])

    return feed


@pytest.mark.parametrize("piece", [1, 7, 100, 10_000])
@pytest.mark.parametrize("chunk_bytes", [1, 64, 1000, 1 << 20])
def test_short_reads_change_nothing(
    monkeypatch: pytest.MonkeyPatch, piece: int, chunk_bytes: int
) -> None:
    with piped(monkeypatch, in_pieces(TEXT, piece)):
        reading = read("-", chunk_bytes=chunk_bytes)
    assert len(reading.rows) == 398
    assert reading.rows[1] == ("1", "An,\nJo")
    assert reading.rows[3] == ("3", 'C "y"')
    assert [(r.row, r.line, r.record) for r in reading.rejected] == [(4, 6, "4,x,y")]
    assert b"".join(chunk.data for chunk in reading.chunks) == TEXT.split(b"\n", 1)[1]
    assert reading.info is not None
    assert reading.info.path == "-"
    assert reading.info.bytes == len(TEXT)
    assert reading.info.sha256 == hashlib.sha256(TEXT).hexdigest()


def test_the_size_of_standard_input_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    with piped(monkeypatch, in_pieces(TEXT, 100)):
        source = open_it("-")
        assert source.size_bytes is None
        list(source.chunks())
        assert source.bytes_read == len(TEXT)
        source.close()


def test_standard_input_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    with piped(monkeypatch, in_pieces(TEXT, 100)):
        read("-")
        assert not sys.stdin.buffer.closed


def test_a_writer_that_stops_within_a_record_leaves_it_unterminated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with piped(monkeypatch, in_pieces(b"Id,Name\n1,An\n2,B", 3)):
        reading = read("-", chunk_bytes=5)
    assert reading.cells == [("1", "An")]
    assert [(r.row, r.line, r.reason) for r in reading.rejected] == [(2, 3, "unterminated")]


def test_a_writer_that_stops_within_quotes_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        piped(monkeypatch, in_pieces(b'Id,Name\n1,An\n2,"B\n', 3)),
        pytest.raises(DataError, match="-, line 3: a quote is opened"),
    ):
        read("-", chunk_bytes=5)


def test_a_writer_that_writes_nothing_is_missing_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        piped(monkeypatch, lambda writer: None),
        pytest.raises(InputMissingError, match="the input is empty"),
    ):
        read("-")


def test_an_encoding_and_a_delimiter_apply_to_standard_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with piped(monkeypatch, in_pieces("Id;Name\n1;Åsa\n".encode("utf-16"), 1)):
        assert read("-", encoding="utf-16", delimiter=";").cells == [("1", "Åsa")]
