"""JSON Lines: each line is read as Python's own json reads it, or rejected with its reason."""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.reading import Reading, open_it, read, write
from tests.sources.test_compressed import CODECS
from titanic_batch.errors import DataError, InputMissingError, UsageError
from titanic_batch.json_cells import MIXED, NESTED, values_of
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.jsonl_fast import read_clean
from titanic_batch.sources.jsonl_parser import JsonlParser

GOOD = b'{"n": 1, "t": "a"}'
DIALECT = Dialect()


def lines(folder: Path, *records: bytes | dict[str, Any], name: str = "input.jsonl") -> Path:
    texts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in records]
    return write(folder, b"".join(text + b"\n" for text in texts), name)


def types(path: Path) -> dict[str, pa.DataType]:
    source = open_it(path)
    source.close()
    return dict(zip(source.schema.names, source.schema.types, strict=True))


def reasons(reading: Reading) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.reason) for one in reading.rejected]


# --- what is read -------------------------------------------------------------------------------

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXTS,
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXTS, inner, max_size=2)
)
#: Columns of one type, as most files have, and of all.
_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "i": st.integers(-(2**63), 2**63 - 1) | st.none(),
        "f": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
        "t": _TEXTS | st.none(),
        "b": st.booleans(),
        "any": _VALUES,
        "é \u2028": _SCALARS,
    },
)


def same(read_back: Any, value: Any) -> bool:
    """Return whether a value is the very one, of its type; -0.0 is not 0.0."""
    if isinstance(value, float) and isinstance(read_back, float):
        return math.copysign(1, value) == math.copysign(1, read_back) and value == read_back
    if isinstance(value, list | dict):
        return json.dumps(read_back) == json.dumps(value)
    return type(read_back) is type(value) and read_back == value


@settings(max_examples=60, deadline=None)
@given(records=st.lists(_RECORDS, min_size=1, max_size=8), spaced=st.booleans(), raw=st.booleans())
def test_records_are_read_as_pythons_json_reads_them(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[dict[str, Any]],
    spaced: bool,
    raw: bool,
) -> None:
    if not any(records):
        records = [*records, {"i": 1}]
    separators = (" , ", " : ") if spaced else (",", ":")
    texts = [json.dumps(one, ensure_ascii=not raw, separators=separators) for one in records]
    path = tmp_path_factory.getbasetemp() / "random.jsonl"
    path.write_bytes("".join(text + "\n" for text in texts).encode())
    source = open_it(path, chunk_bytes=1 << 20)
    (chunk,) = source.chunks()
    cells = source.parser.parse(chunk).cells
    source.close()
    assert set(source.schema.names) == {name for one in records for name in one}
    for name in source.schema.names:
        kind = source.schema.field(name).type
        found = values_of(cells.column(name).combine_chunks())
        for value, record in zip(found, map(json.loads, texts), strict=True):
            expected = record.get(name)
            if pa.types.is_float64(kind) and type(expected) is int:
                expected = float(expected)  # beside fractions
            assert same(value, expected), (name, kind, value, expected)
    small = read(path, chunk_bytes=7)
    assert small.verdicts == read(path).verdicts


def test_types_are_those_of_all_lines(tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        {"i": 1, "f": 1, "big": 2**53 + 1, "huge": 1, "t": "2026-11-25", "b": True, "null": None},
        {"i": -(2**63), "f": 0.5, "big": 0.5, "huge": 2**63, "t": None, "b": None, "mixed": 1},
        {"mixed": "1", "nested": {"a": [1]}},
    )
    assert types(path) == {
        "i": pa.int64(),
        "f": pa.float64(),
        "big": MIXED,  # as float64 it would be another number
        "huge": MIXED,
        "t": pa.string(),
        "b": pa.bool_(),
        "null": pa.null(),
        "mixed": MIXED,
        "nested": NESTED,
    }
    assert read(path).cells[1][:4] == (-(2**63), 0.5, "0.5", "9223372036854775808")


@pytest.mark.parametrize("chunk_bytes", [1, 30, 1 << 20])
def test_a_key_of_the_last_line_is_a_column_of_all(tmp_path: Path, chunk_bytes: int) -> None:
    path = lines(tmp_path, GOOD, GOOD, {"late": 1.5, "n": 7})
    reading = read(path, chunk_bytes=chunk_bytes)
    assert reading.names == ["n", "t", "late"]
    assert reading.cells == [(1, "a", None), (1, "a", None), (7, None, 1.5)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_mark_at_the_start_and_empty_lines_at_the_end_are_no_records(
    tmp_path: Path, end: bytes
) -> None:
    body = b"\xef\xbb\xbf" + GOOD + end + b"  " + GOOD + b" \t" + end + end + b" " + end + b"  "
    for chunk_bytes in (1, 25, 1 << 20):
        reading = read(write(tmp_path, body, "input.ndjson"), chunk_bytes=chunk_bytes)
        assert reading.cells == [(1, "a")] * 2
        assert reading.lines == [1, 2]
        assert reading.info is not None
        assert reading.info.empty_lines == 3


@pytest.mark.parametrize("suffix", list(CODECS))
def test_compressed_lines_are_the_plain_lines(tmp_path: Path, suffix: str) -> None:
    content = (GOOD + b"\n") * 500
    packed = CODECS[suffix](content)
    reading = read(write(tmp_path, packed, f"input.jsonl.{suffix}"), chunk_bytes=1000)
    assert reading.cells == [(1, "a")] * 500
    assert reading.info is not None
    assert reading.info.format == "jsonl"
    assert reading.info.sha256 == hashlib.sha256(packed).hexdigest()
    with pytest.raises(DataError, match="damaged or cut short"):
        read(write(tmp_path, packed[:-9], f"cut.jsonl.{suffix}"))


def test_another_encoding_is_declared(tmp_path: Path) -> None:
    text = '{"n": 1, "t": "é"}\n'
    path = write(tmp_path, text.encode("utf-16"), "input.jsonl")
    assert read(path, encoding="utf-16").cells == [(1, "é")]
    latin = lines(tmp_path, GOOD, text.encode("latin-1").rstrip())
    assert reasons(read(latin)) == [(2, "", "bad-encoding")]
    assert r"\xe9" in read(latin).rejected[0].record
    assert read(latin, encoding="latin-1").cells[1] == (1, "é")


# --- what is rejected ---------------------------------------------------------------------------

BAD: dict[str, tuple[bytes, str, str]] = {
    "twice the same key": (b'{"n": 1, "n": 2}', "n", "wrong-width"),
    "the same key, escaped": (b'{"n": 1, "\\u006e": 2}', "n", "wrong-width"),
    "twice in an inner object": (b'{"t": {"x": 1, "x": 2}}', "", "wrong-width"),
    "a list": (b"[1]", "", "wrong-width"),
    "a number": (b"3", "", "wrong-width"),
    "nothing": (b"", "", "wrong-width"),
    "spaces": (b" \t", "", "wrong-width"),
    "garbage after it": (GOOD + b" x", "", "bad-quote"),
    "two objects": (GOOD + GOOD, "", "bad-quote"),
    "two objects, with a comma": (GOOD + b"," + GOOD, "", "bad-quote"),
    "half an object": (GOOD[:-4], "", "bad-quote"),
    "a comma too many": (b'{"n": 1,}', "", "bad-quote"),
    "single quotes": (b"{'n': 1}", "", "bad-quote"),
    "a leading zero": (b'{"n": 01}', "", "bad-quote"),
    "a tab in a text": (b'{"t": "a\tb"}', "", "bad-quote"),
    "a NUL byte": (b'{"n": 1}\0', "", "bad-quote"),
    "a hundred levels": (b'{"t": ' + b"[" * 120 + b"]" * 120 + b"}", "t", "bad-quote"),
    "ten thousand levels": (b'{"t": ' + b"[" * 10000 + b"]" * 10000 + b"}", "", "bad-quote"),
    "bytes that are no UTF-8": (b'{"t": "\xff"}', "", "bad-encoding"),
    "a BOM inside": (b"\xef\xbb\xbf" + GOOD, "", "bad-encoding"),
    "half a surrogate pair": (b'{"t": "\\ud800"}', "t", "bad-encoding"),
    "an escaped NUL": (b'{"t": "a\\u0000b"}', "t", "bad-encoding"),
    "a surrogate in a key": (b'{"\\udc00": 1}', "", "bad-encoding"),
    "NaN": (b'{"n": NaN}', "n", "not-finite"),
    "Infinity": (b'{"n": -Infinity}', "n", "not-finite"),
    "1e400": (b'{"n": 1e400}', "n", "not-finite"),
    "1e400 in a list": (b'{"t": [1e400]}', "t", "not-finite"),
    "400 digits": (b'{"n": ' + b"9" * 400 + b"}", "n", "not-finite"),
    "5,000 digits": (b'{"n": ' + b"9" * 5000 + b"}", "", "not-finite"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_line_that_is_no_record_is_rejected(tmp_path: Path, what: str) -> None:
    line, column, reason = BAD[what]
    path = lines(tmp_path, GOOD, line, GOOD)
    for chunk_bytes in (1, 1 << 20):
        reading = read(path, chunk_bytes=chunk_bytes)
        assert reasons(reading) == [(2, column, reason)]
        assert reading.rejected[0].line == 2
        assert reading.cells == [(1, "a")] * 2
        assert reading.names == ["n", "t"]  # it adds no column, and no type
    assert types(path) == {"n": pa.int64(), "t": pa.string()}


def test_damage_that_balances_is_seen(tmp_path: Path) -> None:
    path = lines(tmp_path, GOOD, GOOD + GOOD, b'{"n": [{"n": 1}', b'{"n": 2}]}', b'{"n":', b"1}")
    assert [row for row, _, _ in reasons(read(path))] == [2, 3, 4, 5, 6]


def test_empty_lines_inside_are_rejected_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, b"\n\n" + GOOD + b"\n\r\n" + GOOD + b"\n\n", "input.jsonl")
    for chunk_bytes in (1, 1 << 20):
        reading = read(path, chunk_bytes=chunk_bytes)
        assert [(one.row, one.line) for one in reading.rejected] == [(1, 1), (2, 2), (4, 4)]
        assert list(reading.rows) == [3, 5]


def test_a_last_line_without_a_newline_may_be_cut_short(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + b"\n" + GOOD, "input.jsonl")
    assert reasons(read(path)) == [(2, "", "unterminated")]
    assert read(path, allow_no_final_newline=True).cells == [(1, "a")] * 2
    source = open_it(path)
    end = source.unterminated_end()
    source.close()
    assert end is not None
    assert [chunk.terminated for chunk in end.read(DIALECT).chunks] == [False]


# --- what fails ---------------------------------------------------------------------------------


def test_a_line_too_long_fails_with_its_number(tmp_path: Path) -> None:
    path = lines(tmp_path, GOOD, {"n": 1, "t": "x" * 3000}, GOOD)
    with pytest.raises(DataError, match="longer than 1,000 bytes") as caught:
        read(path, max_record_bytes=1000)
    assert caught.value.where.endswith("input.jsonl, line 2")
    assert "--max-record 3KB" in caught.value.hint
    assert read(path, max_record_bytes=3 << 10).rows.keys() == {1, 2, 3}
    blank = write(tmp_path, GOOD + b"\n" * 3000, "input.jsonl")
    with pytest.raises(DataError, match="empty lines"):
        read(blank, chunk_bytes=100, max_record_bytes=1000)


def test_what_is_no_table_fails(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="is empty"):
        read(write(tmp_path, b" \n\n", "input.jsonl"))
    assert read(write(tmp_path, b"", "input.jsonl"), allow_empty=True).names == []
    for content in (b"[" + GOOD + b"]\n", b"{}\n{}\n", b"a,b\n1,2\n"):
        with pytest.raises(DataError, match="no line of it is a JSON object with a key"):
            read(write(tmp_path, content, "input.jsonl"))
    keys = b"".join(b'{"key %d": 1}\n' % number for number in range(3000))
    with pytest.raises(DataError, match="that is no table"):
        read(write(tmp_path, keys, "input.jsonl"))


def test_a_pipe_cannot_be_read_twice(tmp_path: Path) -> None:
    path = tmp_path / "input.jsonl"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)  # so that nobody waits for one
    with pytest.raises(UsageError, match="a pipe"):
        open_it(path)
    os.close(writer)


def test_a_few_wide_lines_do_not_make_large_chunks(tmp_path: Path) -> None:
    sparse = [{f"c{number}": number} for number in range(900)]
    path = lines(tmp_path, *sparse)
    reading = read(path, chunk_bytes=9000)
    assert len(reading.rows) == 900
    assert max(chunk.row_count for chunk in reading.chunks) <= 15  # of 900 cells each


def test_lines_that_were_not_there_at_first_are_a_change(tmp_path: Path) -> None:
    source = open_it(lines(tmp_path, GOOD))
    source.close()
    for line in (b'{"new": 1}\n', b'{"n": "text"}\n', b'{"n": true}\n', b'{"t": 1}\n'):
        chunk = Chunk(data=line, first_row=1, row_count=1, first_line=1)
        with pytest.raises(DataError, match="changed while it was read"):
            source.parser.parse(chunk)


# --- the fast half ------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    b'{ } [ ] , : " n t 1 -0 .5 e9 NaN \\ \\u0000 \xff \0 null true "n":1'.split(b" ")
) | st.sampled_from([b" ", b"\n", b"\r\n", GOOD + b"\n"])


@settings(max_examples=400, deadline=None)
@given(
    kept=st.lists(st.integers(0, 40), max_size=4),
    pieces=st.lists(_PIECES, min_size=1, max_size=4),
)
def test_the_fast_half_reads_what_the_exact_half_reads(
    kept: list[int], pieces: list[bytes]
) -> None:
    body = bytearray((GOOD + b"\n") * 3)
    for at, piece in zip(kept, pieces, strict=False):
        body[at : at + 1] = piece
    data = bytes(body)
    if not data.endswith(b"\n"):
        return
    schema = pa.schema([("n", pa.int64()), ("t", pa.string()), ("f", pa.float64())])
    count = data.count(b"\n")
    fast = read_clean(data, count, schema)
    if fast is None:
        return
    parser = JsonlParser(schema=schema)
    exact = parser._parse_exactly(Chunk(data=data, first_row=1, row_count=count, first_line=1))
    assert not exact.faults
    assert fast.equals(exact.cells)


@pytest.mark.parametrize(
    "line",
    [line for line, _, _ in BAD.values()]
    + [b'{"n": -0}', b'{"n": 9007199254740993}', b'{"n": 1.5, "t": "\\u0000"}', b'{"other": 1}'],
)
def test_the_fast_half_leaves_alone_what_it_would_read_otherwise(line: bytes) -> None:
    schema = pa.schema([("n", pa.float64()), ("t", pa.string())])
    data = GOOD + b"\n" + line + b"\n"
    assert read_clean(GOOD + b"\n", 1, schema) is not None
    assert read_clean(data, 2, schema) is None


def test_the_fast_half_counts_lines_and_not_objects(tmp_path: Path) -> None:
    data = b'{"n":1}{"n":2}\n{"n":\n3}\n'
    assert read_clean(data, 3, pa.schema([("n", pa.int64())])) is None
    assert len(reasons(read(write(tmp_path, data + b'{"n":4}\n', "input.jsonl")))) == 3
