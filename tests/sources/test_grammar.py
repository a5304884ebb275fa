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

from tests.amount import examples
from tests.sources.state_machine import Scan, scan
from titanic_batch.sources.dialect import Dialect, declare_dialect
from titanic_batch.sources.grammar import find_records, quotes_are_regular
from titanic_batch.sources.records import record_fault, split_fields, strip_newline
from titanic_batch.sources.standard_form import standard_form

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
#: The default one, and what options make of it.
PLAIN = Dialect()
DIALECTS = [
    PLAIN,
    Dialect(delimiter=b";"),
    Dialect(escape=b"\\"),
    Dialect(trim=True),
    Dialect(delimiter=b"\t", escape=b"\\", trim=True),
]
odd_buffers = st.lists(
    st.sampled_from([b",", b'"', b"\n", b"\r", b"\t", b"\\", b" ", b"a", b'"a\\"', b' "']),
    max_size=40,
).map(b"".join)


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


def scanned(data: bytes, dialect: Dialect, first_line: int = 1) -> Scan:
    escape = dialect.escape[0] if dialect.escape else None
    return scan(data, dialect.delimiter[0], first_line, escape=escape, padding=dialect.padding)


def assert_same(data: bytes, dialect: Dialect = PLAIN) -> Scan:
    expected = scanned(data, dialect)
    found = find_records(data, dialect)
    assert expected.ends == found.ends.tolist()
    assert expected.newlines == found.newlines.tolist()
    assert expected.regular == found.regular
    assert expected.regular == quotes_are_regular(data, dialect)
    return expected


@pytest.mark.parametrize(
    ("dialect", "octets", "longest"),
    [
        (PLAIN, b',"\n\ra', 6),
        (Dialect(escape=b"\\"), b',"\n\\a', examples(5, whole=7)),
        (Dialect(trim=True), b',"\n a', examples(5, whole=7)),
    ],
)
def test_every_short_buffer_is_cut_and_judged_as_the_state_machine_does(
    dialect: Dialect, octets: bytes, longest: int
) -> None:
    cases = 0
    for length in range(longest + 1):
        for buffer in itertools.product(octets, repeat=length):
            assert_same(bytes(buffer), dialect)
            cases += 1
    assert cases == sum(5**length for length in range(longest + 1))


@settings(max_examples=600, deadline=None)
@given(buffers | odd_buffers, st.sampled_from(DIALECTS))
@example(b'a,b"c\n"d,e"\nf\n', PLAIN)
@example(b'"a"\r', PLAIN)
@example(b'"a"\r"\n', PLAIN)
@example(b'"a""', PLAIN)
def test_records_and_quotes_of_any_buffer(data: bytes, dialect: Dialect) -> None:
    assert_same(data, dialect)


@settings(max_examples=600, deadline=None)
@given(damaged_records())
def test_records_and_quotes_of_damaged_real_records(data: bytes) -> None:
    assert_same(data)


@settings(max_examples=600, deadline=None)
@given(damaged_records() | buffers | odd_buffers, st.sampled_from(DIALECTS))
def test_fields_and_verdict_of_each_record(data: bytes, dialect: Dialect) -> None:
    header = (b"a", b"b", b"a")
    for record in scanned(data, dialect).records:
        fields = split_fields(strip_newline(data[record.start : record.end]), dialect)
        assert record.verdict(list(header)) == record_fault(fields, header)
        if not record.malformed:
            assert record.fields == [field.text for field in fields]
        assert record.malformed == [i for i, field in enumerate(fields) if field.malformed]


@settings(max_examples=600, deadline=None)
@given(odd_buffers, st.sampled_from(DIALECTS))
@example(rb'"a\\","\"","\\\"",  "b" ' + b"\n", Dialect(escape=b"\\", trim=True))
def test_the_standard_form_of_records_holds_the_same_texts(data: bytes, dialect: Dialect) -> None:
    records = find_records(data, dialect)
    if not records.regular or not records.ends.size:
        return
    data = data[: records.ends[-1]]
    standard = Dialect(delimiter=dialect.delimiter)
    text = standard_form(data, dialect)
    expected = [record.fields for record in scanned(data, dialect).records]
    assert expected == [record.fields for record in scanned(text, standard).records]
    assert scanned(text, standard).regular


@pytest.mark.parametrize(
    "delimiter", sorted(set(string.printable) - set('"\r\n')), ids=lambda c: f"{ord(c):#x}"
)
def test_any_ascii_delimiter_works(delimiter: str) -> None:
    dialect = declare_dialect(delimiter, "utf-8")
    lines = [b'x,"y,\n",z\n', b',""\r\n', b'a"b,c\n', b'"d,""",e\n']
    assert_same(b"".join(line.replace(b",", dialect.delimiter) for line in lines), dialect)


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
    found = find_records(data, PLAIN)
    starts = [0, *found.ends.tolist()]
    read = []
    for start, end in itertools.pairwise(starts):
        fields = split_fields(strip_newline(data[start:end]), PLAIN)
        assert not any(field.malformed for field in fields)
        read.append([field.text.decode() for field in fields])
    oracle = list(csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True))
    assert [row or [""] for row in oracle] == read == rows
