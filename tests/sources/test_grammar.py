"""The vectorised grammar says what a byte-by-byte state machine says, of every buffer."""

from __future__ import annotations

import csv
import io
import itertools
import string
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.sources.state_machine import Scan, scan
from titanic_batch.sources.dialect import declare_dialect
from titanic_batch.sources.grammar import find_records, quotes_are_regular
from titanic_batch.sources.records import record_fault, split_fields, strip_newline

REAL = (
    b'892,1,"Chisholm, Mr. Roderick",male,,0,0,112051,0,,S\n',
    b"894,1,Miss. Laura Mabel,female,30,0,0,PC 17485,56.9292,E36,C\r\n",
    b'897,3,"Panula,\nMr. Jaako",male,14,4,1,3101295,39.6875,,S\n',
    b'902,3,"Coutts, Mrs. William (Winnie ""Minnie"" Treanor)",female,36,0,2,,15.9,,S\n',
    b'"","""","a""","""b",,\n',
    b'1,""\r\n',
    b"\n",
)

buffers = st.lists(st.sampled_from([b",", b'"', b"\n", b"\r", b";", b"a"]), max_size=40).map(
    b"".join
)


@st.composite
def damaged_records(draw: st.DrawFn) -> bytes:
    """Real records with a few bytes put in, taken out or cut off."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(REAL), max_size=6))))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        if draw(st.booleans()):
            data[at:at] = draw(st.sampled_from([b'"', b",", b"\n", b"\r", b"\r\n", b"\\", b" "]))
        else:
            del data[at : at + 1]
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


def assert_same(data: bytes, delimiter: bytes = b",") -> Scan:
    expected = scan(data, delimiter[0])
    found = find_records(data, delimiter)
    assert expected.ends == found.ends.tolist()
    assert expected.newlines == found.newlines.tolist()
    assert expected.regular == found.regular
    assert expected.regular == quotes_are_regular(data, delimiter)
    return expected


def test_every_short_buffer_is_cut_and_judged_as_the_state_machine_does() -> None:
    cases = 0
    for length in range(7):
        for octets in itertools.product(b',"\n\ra', repeat=length):
            assert_same(bytes(octets))
            cases += 1
    assert cases == 19_531


@settings(max_examples=600, deadline=None)
@given(buffers, st.sampled_from([b",", b";"]))
@example(b'a,b"c\n"d,e"\nf\n', b",")
@example(b'"a"\r', b",")
@example(b'"a"\r"\n', b",")
@example(b'"a""', b",")
def test_records_and_quotes_of_any_buffer(data: bytes, delimiter: bytes) -> None:
    assert_same(data, delimiter)


@settings(max_examples=600, deadline=None)
@given(damaged_records())
def test_records_and_quotes_of_damaged_real_records(data: bytes) -> None:
    assert_same(data)


@settings(max_examples=600, deadline=None)
@given(damaged_records() | buffers)
def test_fields_and_verdict_of_each_record(data: bytes) -> None:
    header = (b"a", b"b", b"a")
    for record in scan(data, ord(",")).records:
        fields = split_fields(strip_newline(data[record.start : record.end]), b",")
        assert record.verdict(list(header)) == record_fault(fields, header)
        if not record.malformed:
            assert record.fields == [field.text for field in fields]
        assert record.malformed == [i for i, field in enumerate(fields) if field.malformed]


@pytest.mark.parametrize(
    "delimiter", sorted(set(string.printable) - set('"\r\n')), ids=lambda c: f"{ord(c):#x}"
)
def test_any_ascii_delimiter_works(delimiter: str) -> None:
    byte = declare_dialect(delimiter, "utf-8").delimiter
    lines = [b'x,"y,\n",z\n', b',""\r\n', b'a"b,c\n', b'"d,""",e\n']
    data = b"".join(line.replace(b",", byte) for line in lines)
    assert_same(data, byte)


def test_nothing_is_found_in_an_empty_buffer() -> None:
    assert_same(b"")


# With "\n" and QUOTE_MINIMAL, csv leaves a CR unquoted, which its own reader then splits at.
STYLES: list[tuple[str, Literal[0, 1]]] = [
    ("\r\n", csv.QUOTE_MINIMAL),
    ("\r\n", csv.QUOTE_ALL),
    ("\n", csv.QUOTE_ALL),
]
texts = st.text(st.sampled_from('a ,;"\n\r\té'), max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(texts, min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
    st.sampled_from(STYLES),
)
def test_what_pythons_csv_writes_is_regular_and_read_as_it_reads_it(
    rows: list[list[str]], style: tuple[str, Literal[0, 1]]
) -> None:
    newline, quoting = style
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline, quoting=quoting).writerows(rows)
    data = text.getvalue().encode()
    expected = assert_same(data)
    assert expected.regular
    found = find_records(data, b",")
    starts = [0, *found.ends.tolist()]
    read = []
    for start, end in itertools.pairwise(starts):
        fields = split_fields(strip_newline(data[start:end]), b",")
        assert not any(field.malformed for field in fields)
        read.append([field.text.decode() for field in fields])
    oracle = list(csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True))
    assert [row or [""] for row in oracle] == read == rows
