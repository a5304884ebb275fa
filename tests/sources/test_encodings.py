"""A declared encoding is decoded on the way in; what it does not know is a reject."""

from __future__ import annotations

import encodings.aliases
from pathlib import Path

import pytest

from tests.sources.reading import Rejected, read, write
from titanic_batch.errors import DataError, UsageError
from titanic_batch.sources.dialect import Dialect, declare_dialect

TEXT = 'Id,Name\n1,"Åsa, ""é"""\n2,"Müller\nKöln"\n3,x\n'
CELLS = [("1", 'Åsa, "é"'), ("2", "Müller\nKöln"), ("3", "x")]


@pytest.mark.parametrize("chunk_bytes", [1, 3, 10, 1 << 20])
@pytest.mark.parametrize(
    "encoding",
    ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7",
     "cp500", "iso8859-15", "mac-roman"],
)  # fmt: skip
def test_text_is_read_by_its_encoding(tmp_path: Path, encoding: str, chunk_bytes: int) -> None:
    path = write(tmp_path, TEXT.encode(encoding))
    reading = read(path, chunk_bytes=chunk_bytes, encoding=encoding)
    assert reading.cells == CELLS
    assert reading.lines == [2, 3, 5]
    assert not reading.rejected
    assert reading.info is not None
    assert reading.info.bytes == path.stat().st_size


@pytest.mark.parametrize("encoding", ["shift_jis", "cp932", "euc_jp", "iso2022_jp", "gb18030"])
def test_encodings_whose_second_bytes_look_like_ascii(tmp_path: Path, encoding: str) -> None:
    # In Shift JIS, 表 ends in a backslash and ポ in a vertical bar.
    text = 'Id,Name\n1,"表, ポ"\n2,ソ十\n'
    path = write(tmp_path, text.encode(encoding))
    for chunk_bytes in (1, 5, 1 << 20):
        reading = read(path, encoding=encoding, chunk_bytes=chunk_bytes)
        assert reading.cells == [("1", "表, ポ"), ("2", "ソ十")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, ("\ufeff" + TEXT).encode(encoding))
    assert read(path, encoding=encoding).names == ["Id", "Name"]


@pytest.mark.parametrize(
    ("encoding", "bad", "shown"),
    [
        ("cp1252", b"\x81", "\\x81"),
        ("ascii", b"\xe9", "\\xe9"),
        ("shift_jis", b"\xa0", "\\xa0"),
        ("shift_jis", b"\xff\xfe", "\\xff\\xfe"),
        ("utf-16-le", b"\x41\xdc", "\\x41\\xdc"),  # half a surrogate pair
        ("utf-16-le", b"\x22\xdc", "\\x22\\xdc"),  # as above, and looks like a quote
        ("utf-16-le", b"\x2c\xdc", "\\x2c\\xdc"),  # or a comma
        ("utf-16-le", b"\x0a\xdc", "\\x0a\\xdc"),  # or a newline
        ("utf-32-le", b"\x0a\x00\x22\x00", "\\x0a\\x00\\x22\\x00"),
    ],
)
@pytest.mark.parametrize("quote", ['"', ""])
def test_a_byte_that_the_encoding_does_not_know_rejects_its_record_alone(
    tmp_path: Path, encoding: str, bad: bytes, shown: str, quote: str
) -> None:
    content = (
        f"Id,Name\n1,An\n2,{quote}B".encode(encoding) + bad + f"o{quote}\n3,Cy\n".encode(encoding)
    )
    path = write(tmp_path, content)
    for chunk_bytes in (1, 1 << 20):
        reading = read(path, encoding=encoding, chunk_bytes=chunk_bytes)
        assert reading.cells == [("1", "An"), ("3", "Cy")]
        assert reading.rejected == [
            Rejected(2, 3, "Name", "bad-encoding", f"2,{quote}B{shown}o{quote}")
        ]


def test_utf16_that_ends_in_half_a_character_is_a_reject(tmp_path: Path) -> None:
    content = "Id,Name\n1,An\n".encode("utf-16") + b"\x0a"
    reading = read(write(tmp_path, content), encoding="utf-16")
    assert reading.cells == [("1", "An")]
    assert [reject.reason for reject in reading.rejected] == ["unterminated"]


def test_a_surrogate_in_utf7_is_a_reject(tmp_path: Path) -> None:
    path = write(tmp_path, b"Id,Name\n1,An\n2,+2D8-\n3,Cy\n")
    reading = read(path, encoding="utf-7")
    assert reading.cells == [("1", "An"), ("3", "Cy")]
    assert [(r.row, r.column, r.reason) for r in reading.rejected] == [(2, "Name", "bad-encoding")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_text_without_its_byte_order_fails(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, TEXT.encode(f"{encoding}-le"))
    with pytest.raises(DataError, match=r"not text in the declared encoding"):
        read(path, encoding=encoding)


def test_latin1_read_as_utf8_is_rejected_not_guessed(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT.encode("latin-1"))
    reading = read(path)
    assert reading.cells == [("3", "x")]
    assert {reject.reason for reject in reading.rejected} == {"bad-encoding"}


@pytest.mark.parametrize("name", ["hex", "rot13", "zlib", "idna", "punycode", "undefined", "none"])
def test_what_is_no_text_encoding_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match="--encoding"):
        declare_dialect(",", name)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # Python's, for unicode_escape
def test_every_encoding_that_is_accepted_reads_any_bytes_without_a_traceback(
    tmp_path: Path,
) -> None:
    junk = bytes(range(256)) + b'+2D8-,\n"\\ud800"\n\x1b$B\x22\x0a~{\n'
    tried = 0
    for name in sorted(
        {*encodings.aliases.aliases.values(), "unicode_escape", "raw_unicode_escape"}
    ):
        try:
            encoding = declare_dialect(",", name).encoding
            head = "a,b\n1,2\n".encode(encoding)
        except UsageError:
            continue
        path = write(tmp_path, head + junk)
        try:
            reading = read(path, encoding=name)
        except DataError:
            continue
        tried += 1
        assert reading.rows.get(1, ("1", "2")) == ("1", "2")
    assert tried > 60


@pytest.mark.parametrize("delimiter", ["", ",,", "é", '"', "\n", "\r", "\0"])
def test_what_cannot_stand_between_fields_is_wrong_usage(delimiter: str) -> None:
    with pytest.raises(UsageError, match="--delimiter"):
        declare_dialect(delimiter, "utf-8")


@pytest.mark.parametrize("name", ["utf8", "UTF-8", "utf-8-sig", "utf_8_sig"])
def test_utf8_by_any_name_is_read_without_being_decoded_first(name: str) -> None:
    assert declare_dialect(",", name) == Dialect()
    assert Dialect().is_utf8
