"""Cut a stream of bytes, in which every line is a record, into chunks that end where lines end."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Generator

import numpy as np

from titanic_batch.errors import DataError
from titanic_batch.sources.base import Chunk

_LF = 10
#: What a line without a record may hold.
BLANK = b" \t\r\n"
#: How far a line that is too long is looked along for its end.
_MOST_TIMES = 16


def cut_lines(
    read: Callable[[int], bytes], *, chunk_bytes: int, max_record_bytes: int, path: str
) -> Generator[Chunk, None, int]:
    """Yield the lines of a stream as chunks of at most about `chunk_bytes`.

    Where the chunks end depends on the bytes and on `chunk_bytes` only. Empty lines at the end are
    no records; those before a record are. A last line without a newline becomes a chunk of its own.

    Args:
        read: Returns exactly as many bytes as asked for, fewer only at the end.
        chunk_bytes: How much of the input a chunk holds.
        max_record_bytes: The longest line that is accepted as a record.
        path: The input's name, for errors.

    Returns:
        How many empty lines stand at the end.

    Raises:
        DataError: if a line is longer than `max_record_bytes`, or as much is empty lines.
    """
    row, rest, wanted, ended = 1, b"", max(chunk_bytes, len(codecs.BOM_UTF8)), False
    begun = False
    while not ended:
        missing = max(wanted - len(rest), 0) + 1
        block = read(missing)
        ended = len(block) < missing
        rest += block
        if not begun:
            rest, begun = rest.removeprefix(codecs.BOM_UTF8), True
        _refuse_too_long(rest, row, max_record_bytes, path, read)
        end = _end_of_records(rest)
        if not end:
            wanted *= 2
            continue
        wanted = chunk_bytes
        chunk = rest[:end]
        rest = rest[end:]
        is_all = ended and row == 1 and not rest.strip(BLANK)
        yield _chunk(chunk, row, is_all=is_all)
        row += chunk.count(b"\n")
    last = rest[rest.rfind(b"\n") + 1 :]
    if not last.strip(BLANK):
        return rest.count(b"\n") + bool(last)
    before = rest[: len(rest) - len(last)]
    if before:
        yield _chunk(before, row)
        row += before.count(b"\n")
    yield Chunk(data=last, first_row=row, row_count=1, first_line=row, terminated=False)
    return 0


def _chunk(data: bytes, row: int, *, is_all: bool = False) -> Chunk:
    count = data.count(b"\n")
    return Chunk(data=data, first_row=row, row_count=count, first_line=row, is_all=is_all)


def _end_of_records(buffer: bytes) -> int:
    """Return the offset just past the last whole line that is not empty, 0 for none."""
    whole = buffer[: buffer.rfind(b"\n") + 1]
    held = len(whole.rstrip(BLANK))
    return whole.index(b"\n", held) + 1 if held else 0


def _refuse_too_long(
    buffer: bytes, first_line: int, most: int, path: str, read: Callable[[int], bytes]
) -> None:
    if len(buffer) <= most:
        return
    newlines = np.flatnonzero(np.frombuffer(buffer, np.uint8) == _LF)
    bounds = np.concatenate([[0], newlines + 1, [len(buffer)]])
    too_long = np.flatnonzero(np.diff(bounds) > most)
    if too_long.size:
        index = int(too_long[0])
        length = _length(buffer[int(bounds[index]) :], _MOST_TIMES * most, read)
        meant = f"If it is meant, add --max-record {-(-length // 1024)}KB." if length else ""
        raise DataError(
            f"the line is longer than {most:,} bytes",
            where=f"{path}, line {first_line + index}",
            hint=meant or "Fix that line.",
        )
    if not buffer.strip(BLANK):
        raise DataError(
            f"more than {most:,} bytes of empty lines begin here",
            where=f"{path}, line {first_line}",
            hint="Remove them.",
        )


def _length(text: bytes, most: int, read: Callable[[int], bytes]) -> int | None:
    """Return how long the line is that `text` starts with, None where it has no end in sight."""
    while (end := text.find(b"\n")) < 0:
        if len(text) > most:
            return None
        block = read(len(text))
        if not block:
            return len(text)
        text += block
    return end + 1
