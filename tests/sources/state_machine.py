"""The CSV grammar a second time, one byte after the other: what the fast code is held against.

Written from the grammar's words alone; it shares nothing with titanic_batch but the reasons' names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

QUOTE, LF, CR = 34, 10, 13
BOM = b"\xef\xbb\xbf"


@dataclass
class Record:
    """A record: where it stands, what its fields hold, which of them break the rule for quotes."""

    start: int
    line: int
    end: int = 0
    fields: list[bytes] = field(default_factory=list)
    malformed: list[int] = field(default_factory=list)

    def verdict(self, header: list[bytes]) -> tuple[int, str] | None:
        """Return the position of the first fault (-1: the whole record) and its reason."""
        width = len(header)
        if self.malformed:
            return self.malformed[0] if self.malformed[0] < width else -1, "bad-quote"
        for position, text in enumerate(self.fields):
            if not is_text(text):
                return position if position < width else -1, "bad-encoding"
        if len(self.fields) != width:
            return -1, "wrong-width"
        without_mark = [self.fields[0].removeprefix(BOM), *self.fields[1:]]
        if header in (self.fields, without_mark):
            return -1, "repeated-header"
        return (0, "bad-encoding") if self.fields[0].startswith(BOM) else None


@dataclass
class Scan:
    """A buffer's complete records, and whether any quote in it breaks the grammar."""

    records: list[Record]
    regular: bool
    newlines: list[int]
    tail_is_quoted: bool

    @property
    def ends(self) -> list[int]:
        return [record.end for record in self.records]


def is_text(text: bytes) -> bool:
    if 0 in text:
        return False
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def scan(  # noqa: PLR0912, PLR0915  # one state machine, in one piece
    data: bytes,
    delimiter: int,
    first_line: int = 1,
    *,
    escape: int | None = None,
    padding: bytes = b"",
) -> Scan:
    """Read `data`, which starts where a record starts, byte by byte."""
    records: list[Record] = []
    newlines = [offset for offset, byte in enumerate(data) if byte == LF]
    record = Record(0, first_line)
    text = bytearray()
    state = "start"  # start | bare | quoted | closed | padded (behind a closing quote)
    broken = False
    regular = True
    line = first_line
    offset = 0

    def end_field() -> None:
        nonlocal state, broken
        if broken:
            record.malformed.append(len(record.fields))
        record.fields.append(bytes(text))
        text.clear()
        state, broken = "start", False

    while offset < len(data):
        byte = data[offset]
        following = data[offset + 1] if offset + 1 < len(data) else None
        line += byte == LF
        if state == "quoted":
            if byte == escape and following in (QUOTE, escape):
                text.append(following)
                offset += 1
            elif byte == QUOTE:
                state = "closed"
            else:
                text.append(byte)
        elif state == "closed" and byte == QUOTE:
            text.append(QUOTE)
            state = "quoted"
        elif state == "start" and byte == QUOTE:
            state = "quoted"
        elif byte in padding and state in ("start", "closed", "padded"):
            text.append(byte)
            state = "start" if state == "start" else "padded"
        elif byte == delimiter:
            end_field()
        elif byte == LF or (byte == CR and following == LF):
            if byte == CR:
                offset += 1
                line += 1
            end_field()
            record.end = offset + 1
            records.append(record)
            record = Record(offset + 1, line)
        else:
            # A CR at the buffer's end may yet turn out to be half of CRLF.
            undecided = byte == CR and following is None
            closed = state in ("closed", "padded")
            if byte in (CR, QUOTE) or closed:
                broken = True
            if (byte == QUOTE or closed) and not undecided:
                regular = False
            text.append(byte)
            state = "bare"
        offset += 1
    return Scan(records, regular, newlines, state == "quoted")
