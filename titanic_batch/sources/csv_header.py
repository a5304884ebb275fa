"""Read a CSV file's header: it must be there, and name every column once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from titanic_batch.errors import DataError, UsageError
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.foreign import refuse_old_mac
from titanic_batch.sources.formats import empty_input
from titanic_batch.sources.grammar import record_pattern
from titanic_batch.sources.records import (
    BOM,
    bare_faults,
    split_fields,
    strip_newline,
    trimmed,
)
from titanic_batch.unnamed import with_names

_MAX_BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Header:
    """A CSV file's header.

    Attributes:
        names: The column names, in file order; one that the file lacks is made up.
        raw: Its record, newline included, as UTF-8, behind the lines that are skipped.
        rest: Bytes that were read past it.
        unnamed: Positions of the columns that the file has no name for.
    """

    names: tuple[str, ...]
    raw: bytes
    rest: bytes
    unnamed: tuple[int, ...] = ()

    @property
    def lines(self) -> int:
        """How many lines it takes."""
        return max(self.raw.count(b"\n"), 1) if self.raw else 0


def read_header(
    read: Callable[[int], bytes],
    dialect: Dialect,
    *,
    chunk_bytes: int,
    max_record_bytes: int,
    path: str,
    allow_empty: bool = False,
) -> Header:
    """Read the first record of a stream, or the one behind skipped lines, as its header.

    Args:
        read: Returns exactly as many bytes as asked for, fewer only at the end.
        dialect: How the file is written.
        chunk_bytes: How much may be read at a time.
        max_record_bytes: The longest record that is accepted as one.
        path: The input's name, for errors.
        allow_empty: Whether an input without any bytes has a header without any name.

    Raises:
        InputMissingError: if the input holds no bytes, and must.
        UsageError: if it has no more lines than are to be skipped.
        DataError: if the header breaks the grammar, repeats a name or has none at all.
    """
    where = f"{path}, line {1 + dialect.skip_lines}"
    block_bytes = max(min(chunk_bytes, _MAX_BLOCK_BYTES), len(BOM))
    buffer = read(block_bytes)
    ended = len(buffer) < block_bytes
    if buffer.startswith(BOM):
        buffer = buffer[len(BOM) :]
    pattern = record_pattern(dialect)
    while True:
        start = _after_lines(buffer, dialect.skip_lines)
        match = pattern.match(buffer, start) if start is not None else None
        if match is not None or ended:
            break
        if len(buffer) > max_record_bytes:
            refuse_old_mac(buffer, path)
            raise _bad(f"the header is longer than {max_record_bytes:,} bytes", where=where)
        block_bytes = len(buffer) or block_bytes
        block = read(block_bytes)
        ended = len(block) < block_bytes
        buffer += block
    if not buffer:
        if allow_empty:
            return Header(names=(), raw=b"", rest=b"")
        raise empty_input(path)
    if start is None or start == len(buffer):
        refuse_old_mac(buffer, path)
        raise _too_few_lines(buffer, dialect, path)
    if match is None:  # no newline at all: a header and nothing else, or an unclosed quote
        match = pattern.match(buffer + b"\n", start)
        if match is None:
            raise _bad("the header has a quote that is never closed", where=where)
    raw = buffer[: match.end()]  # without a newline where the file has none
    try:
        texts = _texts(strip_newline(match.group()), dialect)
    except DataError as exc:
        refuse_old_mac(raw, path)
        exc.where = where
        raise
    return Header(
        names=with_names(texts),
        raw=raw,
        rest=buffer[match.end() :],
        unnamed=tuple(position for position, text in enumerate(texts) if not text.strip()),
    )


def _after_lines(buffer: bytes, count: int) -> int | None:
    """Return where the line behind the first `count` starts; None where it is not there yet."""
    start = 0
    for _ in range(count):
        start = buffer.find(b"\n", start) + 1
        if not start:
            return None
    return start


def _too_few_lines(buffer: bytes, dialect: Dialect, path: str) -> UsageError:
    lines = buffer.count(b"\n") + (not buffer.endswith(b"\n"))
    return UsageError(
        f"--skip-lines {dialect.skip_lines}: the file has {lines:,} line{'s'[: lines != 1]}, and "
        "the header must be among those that are left",
        where=path,
        hint="Give the number of lines that stand before the header.",
    )


@lru_cache(maxsize=16)
def _texts(record: bytes, dialect: Dialect) -> tuple[str, ...]:
    """Return a header's cells; raises DataError. Thousands of small files mostly have one."""
    if b"\0" in record:
        raise _bad("the header holds NUL bytes, as UTF-16 text does", "Write it as UTF-8.")
    fields = split_fields(record, dialect)
    if bare_faults(fields) is not None:
        raise _bad("the header has a quote or a carriage return inside a bare field")
    try:
        texts = tuple(field.text.decode() for field in trimmed(fields, dialect))
    except UnicodeDecodeError as exc:
        raise _bad(
            f"the header is not {dialect.encoding} text",
            "Write it as UTF-8, or say how it is written.",
        ) from exc
    named = [text for text in texts if text.strip()]
    if not named:
        raise _bad("the header has no name for any column")
    duplicates = sorted(name for name, count in Counter(named).items() if count > 1)
    if duplicates:
        raise _bad(f"the header repeats {', '.join(map(repr, duplicates))}")
    return texts


def _bad(what: str, hint: str = "Fix the file's first line.", where: str = "") -> DataError:
    return DataError(what, where=where, hint=hint)
