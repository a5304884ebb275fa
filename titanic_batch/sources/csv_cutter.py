"""Cut a stream of CSV bytes into chunks that end where records end."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import numpy as np

from titanic_batch.errors import DataError
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.dialect import QUOTE, Dialect
from titanic_batch.sources.grammar import Offsets, Records, find_records, record_pattern

#: How far a record that is too long is looked along for its end.
_MOST_TIMES = 16

_USUAL_ESCAPE = b"\\"
_CR = 13


def cut_chunks(
    read: Callable[[int], bytes],
    head: bytes,
    *,
    first_line: int,
    dialect: Dialect,
    chunk_bytes: int,
    max_record_bytes: int,
    path: str,
    blank_is_record: bool = False,
    is_part: bool = False,
) -> Generator[Chunk, None, int]:
    """Yield the records of a stream as chunks of at most about `chunk_bytes`.

    Where a chunk ends depends on `chunk_bytes` and the bytes from its start on, and on nothing
    else: whoever starts where a chunk starts cuts alike. A last record without a newline becomes a
    chunk of its own. Empty lines are held back until another record follows them: those at the end
    are none.

    Args:
        read: Returns exactly as many bytes as asked for, fewer only at the end.
        head: Bytes already read that stand before what `read` returns.
        first_line: 1-based line on which `head` starts.
        dialect: How the file is written.
        chunk_bytes: How much of the input a chunk holds.
        max_record_bytes: The longest record that is accepted as one.
        path: The input's name, for errors.
        blank_is_record: Whether an empty line is a record wherever it stands, as in a file of one
            column.
        is_part: Whether other records follow what `read` gives, so that empty lines at its end are
            records as well.

    Returns:
        How many empty lines stand at the end.

    Raises:
        DataError: if a quote is never closed, or a record is longer than `max_record_bytes`.
    """
    row, line, rest, wanted, ended = 1, first_line, head, chunk_bytes, False
    empty_lines = 0
    while not ended:
        # A short read means the end. Where no record ended in the last buffer, read twice as much.
        missing = max(wanted + 1 - len(rest), 0)
        block = read(missing) if missing else b""
        ended = len(block) < missing
        rest += block
        buffer = rest if len(rest) <= wanted + 1 else rest[: wanted + 1]
        records = find_records(buffer, dialect)
        where = _Place(path=path, line=line, dialect=dialect, max_bytes=max_record_bytes)
        _refuse_endless(buffer, records, where, read, ended=ended)
        ends, blank = records.ends, 0
        is_whole = bool(ended and ends.size and ends[-1] == len(rest))
        if not blank_is_record and ((is_whole and not is_part) or not ended):
            blank = _blank_at_end(buffer, ends, max_record_bytes)
            ends = ends[: ends.size - blank]
        if is_whole:
            empty_lines, rest = blank, rest[: ends[-1] if ends.size else 0]
        if not ends.size:
            wanted *= 2
            continue
        wanted = chunk_bytes
        end = int(ends[-1])
        yield Chunk(
            data=rest[:end],
            first_row=row,
            row_count=ends.size,
            first_line=line,
            regular=records.regular,
            is_all=ended and row == 1 and end == len(rest),
        )
        row += ends.size
        line += int(np.searchsorted(records.newlines, end))
        rest = rest[end:]
    if rest:
        yield Chunk(data=rest, first_row=row, row_count=1, first_line=line, terminated=False)
    return empty_lines


def _blank_at_end(buffer: bytes, ends: Offsets, most_bytes: int) -> int:
    """Return how many empty lines the complete records end in; more are no end of a file."""
    if not ends.size or not buffer.endswith((b"\n\n", b"\n\r\n"), 0, int(ends[-1])):
        return int(ends.size == 1 and buffer[: ends[0]] in (b"\n", b"\r\n"))
    starts = np.concatenate([[0], ends[:-1]])
    lengths = ends - starts
    blank = (lengths == 1) | ((lengths == 2) & (np.frombuffer(buffer, np.uint8)[starts] == _CR))
    count = int(ends.size if blank.all() else blank[::-1].argmin())
    return count if count == 0 or int(lengths[-count:].sum()) <= most_bytes else 0


@dataclass(frozen=True, kw_only=True)
class _Place:
    path: str
    line: int
    dialect: Dialect
    max_bytes: int


def _refuse_endless(
    buffer: bytes,
    records: Records,
    place: _Place,
    read: Callable[[int], bytes],
    *,
    ended: bool,
) -> None:
    """Fail where damage can't be bounded: an unclosed quote, or a record too long to be one."""
    ends = records.ends
    tail = int(ends[-1]) if ends.size else 0
    start = _first_too_long(buffer, ends, place.max_bytes)
    if start is None:
        if not ended or tail == len(buffer) or _is_whole(buffer[tail:], place.dialect):
            return
        start = tail
    where = f"{place.path}, line {place.line + int(np.searchsorted(records.newlines, start))}"
    if _is_whole(buffer[start:], place.dialect):
        length = _length(buffer[start:], place, read)
        meant = f"If it is meant, add --max-record {-(-length // 1024)}KB." if length else ""
        raise DataError(
            f"the record that starts here is longer than {place.max_bytes:,} bytes",
            where=where,
            hint=meant or "Fix that line.",
        )
    raise DataError(
        "a quote is opened in the record that starts here and never closed"
        + ("" if ended else f" within {place.max_bytes:,} bytes"),
        where=where,
        hint=_cure(buffer[start:], place.dialect),
    )


def _cure(text: bytes, dialect: Dialect) -> str:
    """Return what helps where a quote is never closed."""
    escaped = replace(dialect, escape=_USUAL_ESCAPE)
    if not dialect.escape and _USUAL_ESCAPE + QUOTE in text:
        records = find_records(text, escaped)
        if records.regular and records.ends.size:
            return r"Its quotes are written with backslashes: add --escape '\'."
    return "Fix that line; a quote inside a quoted field must be doubled."


def _length(text: bytes, place: _Place, read: Callable[[int], bytes]) -> int | None:
    """Return how long the record is that `text` starts with, None where it has no end in sight."""
    while len(text) <= _MOST_TIMES * place.max_bytes:
        if match := record_pattern(place.dialect).match(text):
            return match.end()
        block = read(len(text))
        if not block:
            return len(text)
        text += block
    return None


def _first_too_long(buffer: bytes, ends: Offsets, max_bytes: int) -> int | None:
    """Return where the first record starts that is too long; the last may be incomplete."""
    if len(buffer) <= max_bytes:
        return None
    bounds = np.concatenate([[0], ends, [len(buffer)]])
    too_long = np.flatnonzero(np.diff(bounds) > max_bytes)
    return int(bounds[too_long[0]]) if too_long.size else None


def _is_whole(text: bytes, dialect: Dialect) -> bool:
    """Return whether `text` starts with a record that is complete but for its newline."""
    return record_pattern(dialect).match(text + b"\n") is not None
