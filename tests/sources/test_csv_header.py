"""A CSV file's header must be there and name every column once, or the file is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.sources.reading import open_it, read, write
from titanic_batch.errors import DataError, InputMissingError, TitanicBatchError, UsageError

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 5, 1 << 20])
@pytest.mark.parametrize(
    ("header", "names"),
    [
        (b"a,b\n", ["a", "b"]),
        (b"a,b\r\n", ["a", "b"]),
        (BOM + b"a,b\n", ["a", "b"]),
        (BOM + b'"a","b"\n', ["a", "b"]),
        (BOM + b'"a\n, ""x""",b\r\n', ['a\n, "x"', "b"]),
        (b" a ,A\n", [" a ", "A"]),
        ("Größe,日本\n".encode(), ["Größe", "日本"]),
    ],
)
def test_a_header_is_read_at_every_chunk_size(
    tmp_path: Path, chunk_bytes: int, header: bytes, names: list[str]
) -> None:
    path = write(tmp_path, header + b"1,2\n3,4,5\n")
    reading = read(path, chunk_bytes=chunk_bytes)
    assert reading.names == names
    assert reading.cells == [("1", "2")]
    line = 2 + header.count(b"\n")
    assert [(reject.row, reject.line) for reject in reading.rejected] == [(2, line)]


@pytest.mark.parametrize("chunk_bytes", [1, 4, 1 << 20])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a,b,a,c,b\n1,2,3,4,5\n", "the header repeats 'a', 'b'"),
        (b",,\n1,2,3\n", "the header has no name for any column"),
        (b"\na,b\n", "the header has no name for any column"),
        (b'a,b"c\n1,2\n', "a quote or a carriage return inside a bare field"),
        (b'a"b,c\n1,2\n', "a quote or a carriage return inside a bare field"),
        (b"a\rb,c\n1,2\n", "a quote or a carriage return inside a bare field"),
        (b'a,"b"c\n1,2\n', "a quote or a carriage return inside a bare field"),
        (b"a,b\r1,2\r3,4\r", "its lines end in carriage returns alone"),
        (b'a,b\r1,"x\ny"\r3,4\r', "its lines end in carriage returns alone"),
        (b"a,b\rc\n1,2\n", "a quote or a carriage return inside a bare field"),
        (b'a,"b\n1,2\n', "never closed"),
        (b'"', "never closed"),
        (b"a,Gr\xf6\xdfe\n1,2\n", "the header is not utf-8 text"),
        (b"a,b\0\n1,2\n", "NUL bytes, as UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), "NUL bytes, as UTF-16"),
    ],
)
def test_a_faulty_header_fails_the_file(
    tmp_path: Path, chunk_bytes: int, content: bytes, what: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=what) as caught:
        open_it(path, chunk_bytes=chunk_bytes)
    assert caught.value.where == f"{path}, line 1"
    assert caught.value.hint


def test_a_header_longer_than_believed_fails_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, b"a" * 5000 + b",b\n1,2\n")
    with pytest.raises(DataError, match="the header is longer than 100 bytes"):
        open_it(path, chunk_bytes=50, max_record_bytes=100)


@pytest.mark.parametrize("content", [b"", BOM])
def test_a_file_without_bytes_is_missing_input(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path, content)
    for chunk_bytes in (1, 1 << 20):
        with pytest.raises(InputMissingError, match="the input is empty"):
            open_it(path, chunk_bytes=chunk_bytes)


@pytest.mark.parametrize("content", [b"a,b\n", b"a,b\r\n", BOM + b'"a","b"\n'])
def test_a_header_alone_has_no_rows(tmp_path: Path, content: bytes) -> None:
    reading = read(write(tmp_path, content))
    assert reading.names == ["a", "b"]
    assert not reading.chunks


@pytest.mark.parametrize("content", [b"a,b", BOM + b'"a","b"'])
def test_a_header_that_may_be_cut_is_missing_input(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputMissingError, match="may be cut short"):
        read(write(tmp_path, content))


def test_a_missing_file_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="no such file"):
        open_it(tmp_path / "none.csv")


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TitanicBatchError) as caught:
        open_it(tmp_path / "folder.csv")
    assert caught.value.exit_code == 74


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (",a,b", ["Unnamed: 0", "a", "b"]),
        ("a,b,", ["a", "b", "Unnamed: 2"]),
        ('a,"",b', ["a", "Unnamed: 1", "b"]),
        (",Unnamed: 0,b", ["Unnamed: 0.1", "Unnamed: 0", "b"]),
        (",Unnamed: 0,Unnamed: 0.1", ["Unnamed: 0.2", "Unnamed: 0", "Unnamed: 0.1"]),
    ],
)
def test_a_column_without_a_name_is_called_as_pandas_calls_it(
    tmp_path: Path, header: str, names: list[str]
) -> None:
    path = write(tmp_path, f"{header}\n1,2,3\n")
    assert read(path).names == names == list(pd.read_csv(path).columns)


def test_a_header_with_unnamed_columns_is_known_when_it_is_repeated(tmp_path: Path) -> None:
    reading = read(write(tmp_path, ",a,b\n1,2,3\n,a,b\n4,5,6\n"))
    assert [reject.reason for reject in reading.rejected] == ["repeated-header"]
    with pytest.raises(DataError, match="a second table begins here"):
        read(write(tmp_path, ",a,b\n1,2,3\na,,b\n4,5,6\n"))


@pytest.mark.parametrize("chunk_bytes", [1, 5, 1 << 20])
def test_skipped_lines_are_no_header_and_count_as_lines(tmp_path: Path, chunk_bytes: int) -> None:
    path = write(tmp_path, b'\xef\xbb\xbfsep=;\r\n"a title\na,b\n1,2\n1,2,3\n')
    reading = read(path, skip_lines=2, chunk_bytes=chunk_bytes)
    assert (reading.names, reading.cells) == (["a", "b"], [("1", "2")])
    assert [(reject.row, reject.line) for reject in reading.rejected] == [(2, 5)]


@pytest.mark.parametrize(
    ("content", "lines"), [("a,b\n1,2\n", "2 lines"), ("a\nb", "2 lines"), ("a\n", "1 line,")]
)
def test_as_many_lines_as_there_are_cannot_be_skipped(
    tmp_path: Path, content: str, lines: str
) -> None:
    for count in (2, 9):
        with pytest.raises(UsageError, match=f"--skip-lines {count}: the file has {lines}"):
            open_it(write(tmp_path, content), skip_lines=count)
