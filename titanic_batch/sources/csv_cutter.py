"""Cut a stream of CSV bytes into chunks that end where records end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from titanic_batch.errors import DataError
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.grammar import Offsets, Records, find_records, record_pattern

#: How far a record that is too long is looked along for its end.
_MOST_TIMES = 16


def cut_chunks(
    read: Callable[[int], bytes],
    head: bytes,
    *,
    first_line: int,
    delimiter: bytes,
    chunk_bytes: int,
    max_record_bytes: int,
    path: str,
) -> Iterator[Chunk]:
    """Yield the records of a stream as chunks of at most about `chunk_bytes`.

    Where a chunk ends depends on `chunk_bytes` and the bytes from its start on, and on nothing
    else: whoever starts where a chunk starts cuts alike. A last record without a newline becomes a
    chunk of its own.

    Args:
        read: Returns exactly as many bytes as asked for, fewer only at the end.
        head: Bytes already read that stand before what `read` returns.
        first_line: 1-based line on which `head` starts.
        delimiter: The byte between fields.
        chunk_bytes: How much of the input a chunk holds.
        max_record_bytes: The longest record that is accepted as one.
        path: The input's name, for errors.

    Raises:
        DataError: if a quote is never closed, or a record is longer than `max_record_bytes`.
    """
    row, line, rest, wanted, ended = 1, first_line, head, chunk_bytes, False
    while not ended:
        # A short read means the end. Where no record ended in the last buffer, read twice as much.
        missing = max(wanted + 1 - len(rest), 0)
        block = read(missing) if missing else b""
        ended = len(block) < missing
        rest += block
        buffer = rest if len(rest) <= wanted + 1 else rest[: wanted + 1]
        records = find_records(buffer, delimiter)
        where = _Place(path=path, line=line, delimiter=delimiter, max_bytes=max_record_bytes)
        _refuse_endless(buffer, records, where, read, ended=ended)
        if not records.ends.size:
            wanted *= 2
            continue
        wanted = chunk_bytes
        end = int(records.ends[-1])
        yield Chunk(
            data=rest[:end],
            first_row=row,
            row_count=records.ends.size,
            first_line=line,
            regular=records.regular,
            is_all=ended and row == 1 and end == len(rest),
        )
        row += records.ends.size
        line += int(np.searchsorted(records.newlines, end))
        rest = rest[end:]
    if rest:
        yield Chunk(data=rest, first_row=row, row_count=1, first_line=line, terminated=False)


@dataclass(frozen=True, kw_only=True)
class _Place:
    path: str
    line: int
    delimiter: bytes
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
        if not ended or tail == len(buffer) or _is_whole(buffer[tail:], place.delimiter):
            return
        start = tail
    where = f"{place.path}, line {place.line + int(np.searchsorted(records.newlines, start))}"
    if _is_whole(buffer[start:], place.delimiter):
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
        hint="Fix that line; a quote inside a quoted field must be doubled.",
    )


def _length(text: bytes, place: _Place, read: Callable[[int], bytes]) -> int | None:
    """Return how long the record is that `text` starts with, None where it has no end in sight."""
    while len(text) <= _MOST_TIMES * place.max_bytes:
        if match := record_pattern(place.delimiter).match(text):
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


def _is_whole(text: bytes, delimiter: bytes) -> bool:
    """Return whether `text` starts with a record that is complete but for its newline."""
    return record_pattern(delimiter).match(text + b"\n") is not None
