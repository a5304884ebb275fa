"""Every way that public surveys report CSV files to be damaged in, done to one clean file.

A case says beforehand whether the damage can be told from data at all: `hidden` names the reason
why it can't, from where the damage stands and never from what the program made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.damage.clean import FILE, HEADER, NAMES, RECORDS, ROWS, Row, rows_of, states

BOM = b"\xef\xbb\xbf"

#: Reasons why a damage leaves a legal file, and what it may have done to it.
INSIDE_QUOTES = "inside the quotes of a text cell, where it is text"
AT_BORDER = "cut exactly between two records"
WHOLE_RECORDS = "whole records repeated or lost"
OTHER_QUOTES = "other quotes around a text cell without a comma, where they are text"
FIRST_FIELD = "joined within the first field, which is free text"
SPLIT_AT_EDGE = (
    "record split in its first or last field: one half looks whole, the other is a reject"
)
MOJIBAKE = "text that was encoded twice is text"
ALLOWED_CUT = "cut within the last field, with --allow-no-final-newline"


@dataclass(frozen=True)
class Case:
    """A damaged file; `rows` are the clean rows that went into it, in order."""

    what: str
    data: bytes
    hidden: str = ""
    rows: list[Row] = field(default_factory=lambda: ROWS)
    options: dict[str, Any] = field(default_factory=dict)


STATES = states(FILE)
BORDERS = [len(HEADER)]
for _record in RECORDS:
    BORDERS.append(BORDERS[-1] + len(_record))


def inside(offset: int) -> str:
    return INSIDE_QUOTES if STATES[offset] == "text" else ""


def put(offset: int, text: bytes) -> bytes:
    return FILE[:offset] + text + FILE[offset:]


def swap(offset: int, text: bytes, length: int = 1) -> bytes:
    return FILE[:offset] + text + FILE[offset + length :]


def where(byte: bytes) -> list[int]:
    return [offset for offset in range(len(FILE)) if FILE[offset : offset + 1] == byte]


def in_first_field(offset: int) -> bool:
    """Whether bytes put in at `offset` become a part of a record's first field."""
    start = max((border for border in BORDERS if border < offset), default=None)
    return start is not None and b"," not in FILE[start:offset]


def in_last_field(offset: int) -> bool:
    """Whether `offset` stands behind a record's last separator and not yet at its end."""
    if offset <= len(HEADER):
        return False
    end = min(border for border in BORDERS if border >= offset)
    return b"," not in FILE[offset:end]


def structural(record: bytes, byte: bytes, other: bytes) -> bytes:
    """Replace `byte` outside quotes."""
    return b"".join(
        other if octet == byte[0] and state == "structure" else bytes([octet])
        for octet, state in zip(record, states(record), strict=False)
    )


def with_record(index: int, record: bytes) -> bytes:
    return HEADER + b"".join([*RECORDS[:index], record, *RECORDS[index + 1 :]])


# ---------------------------------------------------------------------------------------------
# Separators


def separator_added() -> Iterator[Case]:
    for offset in range(len(FILE) + 1):
        yield Case(f"comma at {offset}", put(offset, b","), inside(offset))


def separator_removed() -> Iterator[Case]:
    for offset in where(b","):
        yield Case(f"comma at {offset} gone", swap(offset, b""), inside(offset))


def separator_replaced() -> Iterator[Case]:
    for offset in where(b","):
        for other in (b";", b"\t", b" ", b",,", b'","'):
            hidden = inside(offset) if other != b'","' else ""
            yield Case(f"comma at {offset} is {other!r}", swap(offset, other), hidden)


def other_delimiter() -> Iterator[Case]:
    for other in (b";", b"\t", b"|", b" ", b":", b"^", b"\x1f"):
        for index, record in enumerate(RECORDS):
            for replaced in (structural(record, b",", other), record.replace(b",", other)):
                yield Case(f"{other!r} in record {index}", with_record(index, replaced))
        yield Case(f"{other!r} in the header", FILE.replace(HEADER, HEADER.replace(b",", other)))
        yield Case(f"{other!r} everywhere", structural(FILE, b",", other))
        yield Case(f"{other!r} everywhere, in cells too", FILE.replace(b",", other))
        yield Case(
            f"{other!r} in all records but not the header",
            HEADER + FILE[len(HEADER) :].replace(b",", other),
        )


def decimal_comma() -> Iterator[Case]:
    for index, record in enumerate(RECORDS):
        for fare in (b"56.9292", b"39.6875", b"15.9", b"55.9", b"7.925", b"91.0792", b"25.5"):
            if fare in record:
                comma = fare.replace(b".", b",")
                for written in (comma, b'"' + comma + b'"'):
                    yield Case(f"{written!r}", with_record(index, record.replace(fare, written)))
    everywhere = b"".join(record.replace(b".", b",") for record in RECORDS)
    yield Case("every point is a comma", HEADER + everywhere, INSIDE_QUOTES)


# ---------------------------------------------------------------------------------------------
# Quotes


def quote_added() -> Iterator[Case]:
    for offset in range(len(FILE) + 1):
        yield Case(f"quote at {offset}", put(offset, b'"'))


def quote_removed() -> Iterator[Case]:
    for offset in where(b'"'):
        yield Case(f"quote at {offset} gone", swap(offset, b""))


def quote_replaced() -> Iterator[Case]:
    for offset in where(b'"'):
        for other in (b"'", b"`", "“".encode(), b"\x93", b'\\"', b"''", b" ", b'""'):
            # A backslash put in before a closing quote is text.
            hidden = inside(offset) if other == b'\\"' else ""
            yield Case(f"quote at {offset} is {other!r}", swap(offset, other), hidden)


def quoted_fields(record: bytes) -> list[tuple[int, int]]:
    """Return where the quoted fields of a record start and end."""
    found, start = [], None
    for offset, byte in enumerate(record):
        if byte != ord('"'):
            continue
        if start is None:
            start = offset
        elif record[offset + 1 : offset + 2] in (b",", b"\n") and (
            record[start : offset + 1].count(b'"') % 2 == 0
        ):
            found.append((start, offset + 1))
            start = None
    return found


def other_quotes() -> Iterator[Case]:
    pairs = [
        (b"'", b"'"),
        (b"`", b"`"),
        (b"\xe2\x80\x9c", b"\xe2\x80\x9d"),
        (b"\xc2\xab", b"\xc2\xbb"),
    ]
    for opening, closing in pairs:
        for index, record in enumerate(RECORDS):
            for start, end in quoted_fields(record):
                content = record[start + 1 : end - 1]
                damaged = record[:start] + opening + content + closing + record[end:]
                # Embarked is no text cell: there, other quotes are no category.
                told = any(byte in content for byte in b',\n"') or end == len(record) - 1
                yield Case(
                    f"{opening!r} around {content!r}",
                    with_record(index, damaged),
                    "" if told else OTHER_QUOTES,
                )
        same = opening == closing
        if same:
            yield Case(f"{opening!r} for all", FILE.replace(b'"', opening), OTHER_QUOTES)
            quoted = b"\n".join(
                b",".join(opening + cell + opening for cell in line.split(b","))
                for line in HEADER.splitlines()
            )
            yield Case(f"{opening!r} around the header", FILE.replace(HEADER, quoted + b"\n"))


def other_escapes() -> Iterator[Case]:
    for escaped in (b'\\"', b'\\""', b'\\"\\"', b"'\"", b'"', b'^"', b"&quot;"):
        for index, record in enumerate(RECORDS):
            for start, end in quoted_fields(record):
                content = record[start + 1 : end - 1]
                if b'""' in content:
                    damaged = content.replace(b'""', escaped)
                    # These leave the field's quotes in order: what is in it is text.
                    hidden = INSIDE_QUOTES if escaped in (b'\\""', b"&quot;") else ""
                    whole = record[: start + 1] + damaged + record[end - 1 :]
                    yield Case(f"{escaped!r} in {content!r}", with_record(index, whole), hidden)
    for index, record in enumerate(RECORDS):
        for start, end in quoted_fields(record):
            content = record[start + 1 : end - 1]
            bare = content.replace(b",", b"\\,").replace(b"\n", b"\\n").replace(b'""', b'\\"')
            told = any(byte in content for byte in b',"')
            yield Case(
                f"backslashes for quotes, {bare!r}",
                with_record(index, record[:start] + bare + record[end:]),
                "" if told or b"\n" not in content else INSIDE_QUOTES,
            )


# ---------------------------------------------------------------------------------------------
# Newlines

OTHER_NEWLINES = (
    b"\r", b"\r\n", b"\n\r", b"\n\n", b"\r\r\n", b"\r\n\r\n", b"\x0b", b"\x0c", b"\x1c", b"\x1e",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\0", b" ", b"", b"\\n", b"\n ", b" \n", b",\n", b"\n,",
)  # fmt: skip


def newline_replaced() -> Iterator[Case]:
    for offset in where(b"\n"):
        for other in OTHER_NEWLINES:
            hidden = inside(offset)
            if other == b"\n " and offset + 1 in BORDERS[:-1]:
                hidden = FIRST_FIELD
            yield Case(f"newline at {offset} is {other!r}", swap(offset, other), hidden)
    for other in OTHER_NEWLINES:
        yield Case(f"every newline is {other!r}", FILE.replace(b"\n", other), INSIDE_QUOTES)
        hidden = FIRST_FIELD if other == b"\n " else ""
        yield Case(f"every record ends in {other!r}", structural(FILE, b"\n", other), hidden)


def newline_added() -> Iterator[Case]:
    for newline, step in ((b"\n", 1), (b"\r\n", 4), (b"\r", 4)):
        for offset in range(0, len(FILE) + 1, step):
            hidden = inside(offset)
            edge = in_first_field(offset) or in_last_field(offset)
            if not hidden and newline != b"\r" and edge and offset not in BORDERS:
                hidden = SPLIT_AT_EDGE
            yield Case(f"{newline!r} at {offset}", put(offset, newline), hidden)


# ---------------------------------------------------------------------------------------------
# Headers, preambles, tables

QUOTED_HEADER = b",".join(b'"' + name.encode() + b'"' for name in NAMES) + b"\n"
LINES = {
    "header": HEADER,
    "quoted header": QUOTED_HEADER,
    "upper-case header": HEADER.upper(),
    "header with a mark": BOM + HEADER,
    "units": b"id,class,text,m/f,years,n,n,text,GBP,text,port\n",
    "rule": b",".join([b"---"] * 11) + b"\n",
    "empty cells": b"," * 10 + b"\n",
    "empty line": b"\n",
    "empty CRLF line": b"\r\n",
    "blanks": b"   \n",
    "comment": b"# exported 1912-04-15\n",
    "comment of full width": b"# exported" + b"," * 10 + b"\n",
    "sep=": b"sep=,\n",
    "total": b"Total,10,,,,,,,303.3,,\n",
    "total of full width": b"Total,,,,231.5,7,5,,303.3,,\n",
    "rows affected": b"(10 rows affected)\n",
    "end of file": b"\x1a\n",
    "html": b"<html><body>503 Service Unavailable</body></html>\n",
    "json": b'{"error": "timeout"}\n',
    "log line": b"WARNING: slow query, 3 s\n",
}


def stray_line() -> Iterator[Case]:
    for name, line in LINES.items():
        for border in (0, *BORDERS):
            yield Case(f"{name} at {border}", put(border, line))
            yield Case(f"{name} twice at {border}", put(border, line * 2))


def header_gone() -> Iterator[Case]:
    body = FILE[len(HEADER) :]
    yield Case("no header", body)
    yield Case("no header, but a mark", BOM + body)
    yield Case("an empty header", b"\n" + body)
    names = HEADER.strip().split(b",")
    for index in range(len(names)):
        for other in (b"", b" ", b"x", names[index - 1], names[index][:-1], b'"' + names[index]):
            renamed = b",".join([*names[:index], other, *names[index + 1 :]]) + b"\n"
            yield Case(f"column {index} is named {other!r}", renamed + body)
        fewer = b",".join(names[:index] + names[index + 1 :]) + b"\n"
        yield Case(f"column {index} has no name", fewer + body)
    for index in range(1, 4):
        yield Case(
            f"header behind {index} records", b"".join([*RECORDS[:index], HEADER, *RECORDS[index:]])
        )


def several_tables() -> Iterator[Case]:
    tables = {
        "narrow": b"Port,Name\nS,Southampton\nC,Cherbourg\n",
        "wide": b",".join([b"x"] * 14) + b"\n" + b",".join([b"1"] * 14) + b"\n",
        "as wide": b"a,b,c,d,e,f,g,h,i,j,k\n" + b"q,w,e,r,t,y,u,i,o,p,a\n",
        "one column": b"Port\nS\nC\n",
    }
    for name, table in tables.items():
        for border in (0, *BORDERS):
            for gap in (b"", b"\n", b"\n\n", b"\f\n"):
                if border == 0:
                    yield Case(f"{name} first", table + gap + FILE)
                else:
                    yield Case(f"{name} at {border}", put(border, gap + table + gap))
    # The same columns, two of them in the other order.
    for left, right in (
        ("SibSp", "Parch"), ("Pclass", "Sex"), ("Name", "Ticket"),
        ("Cabin", "Embarked"), ("Age", "Fare"), ("PassengerId", "Name"),
    ):  # fmt: skip
        order = list(range(len(NAMES)))
        i, j = NAMES.index(left), NAMES.index(right)
        order[i], order[j] = j, i
        lines = [",".join(NAMES[k] for k in order)]
        lines += [
            ",".join(f'"{row[k] or ""}"' for k in order) for row in ROWS if '"' not in str(row)
        ]
        second = "\n".join(lines).encode() + b"\n"
        rows = [*ROWS, *(row for row in ROWS if '"' not in str(row))]
        yield Case(f"{left}/{right} swapped", FILE + second, "", rows)


# ---------------------------------------------------------------------------------------------
# Cuts, joins, repeats


def truncated() -> Iterator[Case]:
    for offset in range(len(FILE)):
        hidden = AT_BORDER if offset in BORDERS else ""
        yield Case(f"cut at {offset}", FILE[:offset], hidden)


def truncated_and_allowed() -> Iterator[Case]:
    allowed = {"allow_no_final_newline": True}
    for offset in range(len(FILE)):
        # Without its newline too, a record is whole.
        hidden = AT_BORDER if {offset, offset + 1} & set(BORDERS) else ""
        if not hidden and in_last_field(offset):
            hidden = ALLOWED_CUT
        yield Case(f"cut at {offset}", FILE[:offset], hidden, ROWS, allowed)


def joined() -> Iterator[Case]:
    twice = ROWS * 2
    yield Case("two files", FILE + FILE, "", twice)
    yield Case("two files, newline missing", FILE[:-1] + FILE, "", twice)
    yield Case("two files with marks", BOM + FILE + BOM + FILE, "", twice)
    yield Case("two files, a mark between", FILE + BOM + FILE[len(HEADER) :], "", twice)
    yield Case("two files, one CRLF", FILE + structural(FILE, b"\n", b"\r\n"), "", twice)
    for offset in range(len(HEADER), len(FILE)):
        yield Case(f"cut at {offset}, then the file", FILE[:offset] + FILE, "", twice)


def joined_without_header() -> Iterator[Case]:
    twice = ROWS * 2
    body = FILE[len(HEADER) :]
    for offset in range(len(FILE)):
        hidden = FIRST_FIELD if in_first_field(offset) else ""
        hidden = WHOLE_RECORDS if offset in BORDERS else hidden
        yield Case(f"cut at {offset}, then the records", FILE[:offset] + body, hidden, twice)


def whole_records() -> Iterator[Case]:
    for start in range(len(RECORDS)):
        for end in range(start + 1, len(RECORDS) + 1):
            head, block, tail = RECORDS[:start], RECORDS[start:end], RECORDS[end:]
            again = [*head, *block, *block, *tail]
            yield Case(
                f"{start}:{end} twice", HEADER + b"".join(again), WHOLE_RECORDS, rows_of(again)
            )
            lost = [*head, *tail]
            yield Case(f"{start}:{end} lost", HEADER + b"".join(lost), WHOLE_RECORDS, rows_of(lost))


# ---------------------------------------------------------------------------------------------
# Encodings and bytes


def foreign_byte() -> Iterator[Case]:
    steps = {b"\xe9": 1, b"\0": 2, b"\x93": 5, b"\xff": 5, b"\xc3": 5, b"\xed\xa0\x80": 5}
    for byte, step in steps.items():
        for offset in range(0, len(FILE) + 1, step):
            yield Case(f"{byte!r} at {offset}", put(offset, byte))


def byte_zeroed() -> Iterator[Case]:
    for offset in range(0, len(FILE), 2):
        yield Case(f"NUL for the byte at {offset}", swap(offset, b"\0"))
    for start in range(0, len(FILE), 7):
        yield Case(f"64 NUL at {start}", swap(start, b"\0" * 64, 64))


def mixed_encodings() -> Iterator[Case]:
    text = FILE.decode()
    for encoding in ("latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp500"):
        yield Case(f"all {encoding}", text.encode(encoding))
        for border in BORDERS:
            rest = FILE[border:].decode()
            damaged = FILE[:border] + rest.encode(encoding)
            # Where the rest is all ASCII, it is the same text in these.
            yield Case(f"{encoding} from {border}", damaged)
        for index, record in enumerate(RECORDS):
            yield Case(
                f"{encoding} in {index}", with_record(index, record.decode().encode(encoding))
            )
    for index, record in enumerate(RECORDS):
        twice = record.decode("latin-1").encode()
        yield Case(
            f"encoded twice in {index}",
            with_record(index, twice),
            MOJIBAKE if twice != record else "",
        )
    yield Case("declared latin-1", FILE, MOJIBAKE, ROWS, {"encoding": "latin-1"})
    for border in BORDERS:
        yield Case(f"mark at {border}", put(border, BOM))


FAMILIES: dict[str, Callable[[], Iterator[Case]]] = {
    function.__name__.replace("_", " "): function
    for function in (
        separator_added, separator_removed, separator_replaced, other_delimiter, decimal_comma,
        quote_added, quote_removed, quote_replaced, other_quotes, other_escapes,
        newline_replaced, newline_added,
        stray_line, header_gone, several_tables,
        truncated, truncated_and_allowed, joined, joined_without_header, whole_records,
        foreign_byte, byte_zeroed, mixed_encodings,
    )
}  # fmt: skip
