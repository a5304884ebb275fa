"""Each broken rule is a reject with its exact row, line, column, reason and raw record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sources.reading import Rejected, read, write
from titanic_batch.errors import DataError

HEADER = "Id,Name,Age\n"


def rejects(tmp_path: Path, body: str | bytes, **options: Any) -> list[Rejected]:
    """Read a file with a good row before and behind `body`, which must survive."""
    raw = body.encode() if isinstance(body, str) else body
    path = write(tmp_path, HEADER.encode() + b'1,"An, Jo",20\n' + raw + b"9,Zoe,90\n")
    whole = read(path, **options)
    for chunk_bytes in (1, 16, 50):
        assert read(path, chunk_bytes=chunk_bytes, **options).verdicts == whole.verdicts
    assert whole.cells[0] == ("1", "An, Jo", "20")
    assert whole.cells[-1] == ("9", "Zoe", "90")
    return whole.rejected


@pytest.mark.parametrize(
    ("record", "column", "reason"),
    [
        ("2,Bo", "", "wrong-width"),
        ("2,Bo,3,0", "", "wrong-width"),
        ("2,Bo,30,", "", "wrong-width"),
        ("2;Bo;30", "", "wrong-width"),
        ("", "", "wrong-width"),
        ('2,B"o,30', "Name", "bad-quote"),
        ('2,Bo",30', "Name", "bad-quote"),
        ('2, "Bo",30', "Name", "bad-quote"),
        ('2,"Bo" ,30', "Name", "bad-quote"),
        ('2,"B"o",30', "Name", "bad-quote"),
        ('2,"B\\"o",30', "Name", "bad-quote"),
        ('"2"x,B"o,30', "Id", "bad-quote"),
        ('2,Bo,30,4,x"y', "", "bad-quote"),
        ("2,B\ro,30", "Name", "bad-quote"),
        ("2,Bo,30\r", "Age", "bad-quote"),
        ("\r2,Bo,30", "Id", "bad-quote"),
        ('2,"Bo\nJo"x,30', "Name", "bad-quote"),
        ('2,"Bo\n\n\nJo",30,', "", "wrong-width"),
        ("Id,Name,Age", "", "repeated-header"),
        ('"Id","Name","Age"', "", "repeated-header"),
        ("\ufeffId,Name,Age", "", "repeated-header"),
        ("\ufeff2,Bo,30", "Id", "bad-encoding"),
    ],
)
def test_a_broken_record_is_rejected_alone(
    tmp_path: Path, record: str, column: str, reason: str
) -> None:
    newline = "\r\n" if record.endswith("\r") else "\n"
    assert rejects(tmp_path, record + newline) == [Rejected(2, 3, column, reason, record)]


def test_a_record_is_shown_without_its_newline(tmp_path: Path) -> None:
    assert rejects(tmp_path, "2,Bo\r\n") == [Rejected(2, 3, "", "wrong-width", "2,Bo")]


def test_a_record_behind_rejects_that_span_lines_keeps_its_line(tmp_path: Path) -> None:
    body = '2,"a\nb"x,1\n3,"c\n\nd",1\n4,e\n'
    assert rejects(tmp_path, body) == [
        Rejected(2, 3, "Name", "bad-quote", '2,"a\nb"x,1'),
        Rejected(4, 8, "", "wrong-width", "4,e"),
    ]


def test_a_quote_that_swallows_the_next_record_rejects_both_as_one(tmp_path: Path) -> None:
    body = '2,"Bo,30\n3,"Cy",40\n4,Di,50\n'
    assert rejects(tmp_path, body) == [Rejected(2, 3, "Name", "bad-quote", '2,"Bo,30\n3,"Cy",40')]


def test_only_the_first_fault_of_a_record_is_its_reason(tmp_path: Path) -> None:
    assert rejects(tmp_path, b'2\xff,B"o\n') == [Rejected(2, 3, "Name", "bad-quote", '2\\xff,B"o')]


@pytest.mark.parametrize(
    ("record", "column", "shown"),
    [
        (b"2,B\xe9,30", "Name", "2,B\\xe9,30"),
        (b'2,"B\xe9,\nx",30', "Name", '2,"B\\xe9,\nx",30'),
        (b"2,Bo,3\xc30", "Age", "2,Bo,3\\xc30"),
        (b"2,B\xed\xa0\x80,30", "Name", "2,B\\xed\\xa0\\x80,30"),  # a surrogate
        (b"2,B\xc0\xaf,30", "Name", "2,B\\xc0\\xaf,30"),  # overlong
        (b"2,B\xf5\x80\x80\x80,30", "Name", "2,B\\xf5\\x80\\x80\\x80,30"),
        (b"2,B\x00o,30", "Name", "2,B\\x00o,30"),
        (b'2,"B\x00o",30', "Name", '2,"B\\x00o",30'),
        (b"\x00\x00\x00\x00", "Id", "\\x00\\x00\\x00\\x00"),
        (b"2,Bo,30,\xff", "", "2,Bo,30,\\xff"),
    ],
)
def test_bytes_that_are_no_text_reject_the_record(
    tmp_path: Path, record: bytes, column: str, shown: str
) -> None:
    assert rejects(tmp_path, record + b"\n") == [Rejected(2, 3, column, "bad-encoding", shown)]


def test_text_of_four_bytes_a_character_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "1,Ån 🚢 日本,2\n")
    assert read(path).cells == [("1", "Ån 🚢 日本", "2")]


# ---------------------------------------------------------------------------------------------
# The last record


@pytest.mark.parametrize("body", ["2,Bo,7", "2,Bo,71.28", '2,"Bo\nJo",7', "2,Bo,7\r", "2", "2,Bo"])
def test_a_last_record_without_newline_is_rejected(tmp_path: Path, body: str) -> None:
    path = write(tmp_path, HEADER + "1,An,20\n" + body)
    for chunk_bytes in (1, 10, 1 << 20):
        reading = read(path, chunk_bytes=chunk_bytes)
        assert reading.cells == [("1", "An", "20")]
        assert reading.rejected == [Rejected(2, 3, "", "unterminated", body)]


def test_a_last_record_without_newline_can_be_allowed(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + '1,An,20\n2,"Bo\nJo",71')
    for chunk_bytes in (1, 10, 1 << 20):
        reading = read(path, chunk_bytes=chunk_bytes, allow_no_final_newline=True)
        assert reading.cells == [("1", "An", "20"), ("2", "Bo\nJo", "71")]
        assert not reading.rejected


@pytest.mark.parametrize(
    ("body", "column", "reason"),
    [
        ("2,Bo", "", "wrong-width"),
        ('2,B"o,3', "Name", "bad-quote"),
        ("2,B\ro,3", "Name", "bad-quote"),
        ("Id,Name,Age", "", "repeated-header"),
    ],
)
def test_an_allowed_last_record_must_still_obey_the_rules(
    tmp_path: Path, body: str, column: str, reason: str
) -> None:
    path = write(tmp_path, HEADER + body)
    reading = read(path, allow_no_final_newline=True)
    assert reading.rejected == [Rejected(1, 2, column, reason, body)]


def test_half_a_crlf_ends_an_allowed_last_record(tmp_path: Path) -> None:
    reading = read(write(tmp_path, HEADER + "1,An,20\r"), allow_no_final_newline=True)
    assert reading.cells == [("1", "An", "20")]


def test_a_file_whose_only_record_has_no_newline(tmp_path: Path) -> None:
    reading = read(write(tmp_path, HEADER + "1,An,20"))
    assert reading.rejected == [Rejected(1, 2, "", "unterminated", "1,An,20")]


# ---------------------------------------------------------------------------------------------
# Damage that cannot be bounded fails the file


@pytest.mark.parametrize("chunk_bytes", [1, 7, 30, 1 << 20])
@pytest.mark.parametrize("rest", ["", "\n", "\n3,Cy,40\n", ",30\n" * 50])
def test_an_unclosed_quote_fails_with_the_line_where_it_starts(
    tmp_path: Path, chunk_bytes: int, rest: str
) -> None:
    path = write(tmp_path, HEADER + '1,"An\nJo",20\n2,"Bo' + rest)
    with pytest.raises(DataError, match=r"input.csv, line 4: a quote is opened in the record"):
        read(path, chunk_bytes=chunk_bytes)


@pytest.mark.parametrize("chunk_bytes", [1, 7, 64, 500, 1 << 20])
def test_a_quote_that_is_not_closed_within_the_longest_record_fails(
    tmp_path: Path, chunk_bytes: int
) -> None:
    path = write(tmp_path, HEADER + '1,An,20\n2,"Bo,30\n' + "3,Cy,40\n" * 100)
    with pytest.raises(DataError, match=r"line 3: a quote is opened .* never closed"):
        read(path, chunk_bytes=chunk_bytes, max_record_bytes=100)


@pytest.mark.parametrize("chunk_bytes", [1, 64, 1000, 1 << 20])
@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("quote", ['"', ""])
def test_a_record_longer_than_believed_fails_with_its_line(
    tmp_path: Path, chunk_bytes: int, end: str, quote: str
) -> None:
    long = quote + "x" * 500 + quote
    longer = "1,An,20\n" * 3 + f"2,{long},30" + end
    path = write(tmp_path, HEADER + longer)
    with pytest.raises(DataError, match=r"line 5: the record .* longer than 400 bytes.*--max-rec"):
        read(path, chunk_bytes=chunk_bytes, max_record_bytes=400)
    assert read(path, chunk_bytes=chunk_bytes, max_record_bytes=600).rows[4 if end else 3]


def test_the_first_of_several_overlong_records_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + f"1,{'x' * 200},20\n2,An,3\n3,{'x' * 300},20\n")
    for chunk_bytes in (1, 100, 1 << 20):
        with pytest.raises(DataError, match="line 2: the record"):
            read(path, chunk_bytes=chunk_bytes, max_record_bytes=100)


def test_a_record_may_be_exactly_as_long_as_believed(tmp_path: Path) -> None:
    record = f"1,{'x' * 91},20\n"
    assert len(record) == 97
    path = write(tmp_path, HEADER + record + record)
    for chunk_bytes in (1, 50, 97, 98, 1 << 20):
        assert len(read(path, chunk_bytes=chunk_bytes, max_record_bytes=97).rows) == 2
        with pytest.raises(DataError, match="line 2: the record"):
            read(path, chunk_bytes=chunk_bytes, max_record_bytes=96)


def test_a_field_of_several_megabytes_is_read(tmp_path: Path) -> None:
    long = "x, " * 1_000_000
    path = write(tmp_path, f'{HEADER}1,"{long}",20\n2,Bo,30\n')
    reading = read(path, chunk_bytes=64 * 1024, max_record_bytes=16 << 20)
    assert reading.cells == [("1", long, "20"), ("2", "Bo", "30")]


# ---------------------------------------------------------------------------------------------
# Shapes that are legal


def test_a_file_of_one_column_may_have_empty_lines(tmp_path: Path) -> None:
    path = write(tmp_path, 'Age\n1\n\n2\n""\n\r\n3,4\n"5\n6"\nAge\n\n')
    for chunk_bytes in (1, 3, 1 << 20):
        reading = read(path, chunk_bytes=chunk_bytes)
        assert reading.cells == [("1",), (None,), ("2",), (None,), (None,), ("5\n6",), (None,)]
        assert reading.rejected == [
            Rejected(6, 7, "", "wrong-width", "3,4"),
            Rejected(8, 10, "", "repeated-header", "Age"),
        ]


def test_a_clean_file_of_one_column(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "Age\n1\n\n2\n"))
    assert reading.cells == [("1",), (None,), ("2",)]


@pytest.mark.parametrize("blank", ["\n", "\r\n"])
@pytest.mark.parametrize("width", [2, 3])
def test_a_blank_line_among_several_columns_is_a_reject(
    tmp_path: Path, blank: str, width: int
) -> None:
    header, row = ",".join("abc"[:width]), ",".join("123"[:width])
    for body, rows in (
        (f"{blank}{row}\n", [1]),
        (f"{row}\n{blank}{row}\n", [2]),
        (f"{row}\n{blank}{row}", [2]),
    ):
        reading = read(write(tmp_path, f"{header}\n{body}"), allow_no_final_newline=True)
        assert [(r.row, r.line, r.reason, r.record) for r in reading.rejected] == [
            (n, n + 1, "wrong-width", "") for n in rows
        ]


@pytest.mark.parametrize("chunk_bytes", [1, 3, 1 << 20])
@pytest.mark.parametrize("blank", ["\n", "\r\n", "\n\r\n\n"])
def test_blank_lines_at_the_end_are_counted_and_are_no_records(
    tmp_path: Path, blank: str, chunk_bytes: int
) -> None:
    path = write(tmp_path, f"a,b\n1,2\n\n3,4\n{blank}{blank}")
    reading = read(path, chunk_bytes=chunk_bytes)
    assert [reject.row for reject in reading.rejected] == [2]
    assert list(reading.rows) == [1, 3]
    assert reading.info is not None
    assert reading.info.empty_lines == 2 * blank.count("\n")


def test_a_blank_line_in_a_single_column_is_a_null_wherever_it_stands(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a\n\n1\n\n")).cells == [(None,), ("1",), (None,)]


def test_a_blank_line_inside_quotes_is_text(tmp_path: Path) -> None:
    reading = read(write(tmp_path, HEADER + '1,"\n\n",2\n2,"a\r\n\r\nb",3\n'))
    assert reading.cells == [("1", "\n\n", "2"), ("2", "a\r\n\r\nb", "3")]
    assert not reading.rejected


def test_a_carriage_return_inside_quotes_is_text(tmp_path: Path) -> None:
    reading = read(write(tmp_path, HEADER + '1,"a\rb",2\n2,"\r",3\n3,"c\r\nd",4\r\n4,"\r\n",5\n'))
    assert [cells[1] for cells in reading.cells] == ["a\rb", "\r", "c\r\nd", "\r\n"]


def test_lines_may_end_in_lf_or_crlf_in_turn(tmp_path: Path) -> None:
    path = write(tmp_path, 'Id,Name,Age\r\n1,An,\n2,"Bo",3\r\n3,Cy,""\r\n4,Di,5\n')
    reading = read(path)
    assert reading.names == ["Id", "Name", "Age"]
    assert [cells[2] for cells in reading.cells] == [None, "3", None, "5"]
    assert not reading.rejected


def test_five_thousand_columns(tmp_path: Path) -> None:
    names = [f"column {number}" for number in range(5000)]
    row = [f"{number}" if number % 3 else f'"{number},"' for number in range(5000)]
    content = "\n".join([",".join(names), ",".join(row), ",".join(row[1:]), ",".join(row)]) + "\n"
    reading = read(write(tmp_path, content), chunk_bytes=1000)
    assert reading.names == names
    assert (
        reading.cells
        == [tuple(f"{number}" if number % 3 else f"{number}," for number in range(5000))] * 2
    )
    assert [(r.row, r.line, r.reason) for r in reading.rejected] == [(2, 3, "wrong-width")]


def test_spaces_and_null_words_are_text_as_they_stand(tmp_path: Path) -> None:
    reading = read(write(tmp_path, HEADER + " 1 ,Null, NA\n2,NaN,\t\n"))
    assert reading.cells == [(" 1 ", "Null", " NA"), ("2", "NaN", "\t")]


def test_tsv_is_split_at_tabs(tmp_path: Path) -> None:
    path = write(tmp_path, 'Id\tName\n1\tBo, Jo\n2\t"a\tb"\n3,x\n', "input.tsv")
    reading = read(path)
    assert reading.cells == [("1", "Bo, Jo"), ("2", "a\tb")]
    assert reading.rejected == [Rejected(3, 4, "", "wrong-width", "3,x")]


@pytest.mark.parametrize("delimiter", [";", "|", "tab", "^", "\\", "-", "]", " "])
def test_a_delimiter_can_be_declared(tmp_path: Path, delimiter: str) -> None:
    byte = "\t" if delimiter == "tab" else delimiter
    path = write(tmp_path, f'a{byte}b\n"1{byte}"{byte}2\n"3"x{byte}4\n1{byte}2{byte}3\n')
    reading = read(path, delimiter=delimiter)
    assert reading.cells == [(f"1{byte}", "2")]
    assert [reject.reason for reject in reading.rejected] == ["bad-quote", "wrong-width"]
