"""Read a CSV file's header: it must be there, and name every column once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from titanic_batch.errors import DataError
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.formats import empty_input
from titanic_batch.sources.grammar import record_pattern
from titanic_batch.sources.records import BOM, bare_faults, split_fields, strip_newline

_MAX_BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Header:
    """A CSV file's header.

    Attributes:
        names: The column names, in file order.
        raw: Its record, newline included, as UTF-8.
        rest: Bytes that were read past it.
    """

    names: tuple[str, ...]
    raw: bytes
    rest: bytes

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
    """Read the first record of a stream as its header.

    Args:
        read: Returns exactly as many bytes as asked for, fewer only at the end.
        dialect: How the file is written.
        chunk_bytes: How much may be read at a time.
        max_record_bytes: The longest record that is accepted as one.
        path: The input's name, for errors.
        allow_empty: Whether an input without any bytes has a header without any name.

    Raises:
        InputMissingError: if the input holds no bytes, and must.
        DataError: if the header breaks the grammar, repeats a name or has an empty one.
    """
    where = f"{path}, line 1"
    block_bytes = max(min(chunk_bytes, _MAX_BLOCK_BYTES), len(BOM))
    buffer = read(block_bytes)
    ended = len(buffer) < block_bytes
    if buffer.startswith(BOM):
        buffer = buffer[len(BOM) :]
    pattern = record_pattern(dialect.delimiter)
    while (match := pattern.match(buffer)) is None and not ended:
        if len(buffer) > max_record_bytes:
            raise _bad(f"the header is longer than {max_record_bytes:,} bytes", where=where)
        block_bytes = len(buffer) or block_bytes
        block = read(block_bytes)
        ended = len(block) < block_bytes
        buffer += block
    if not buffer:
        if allow_empty:
            return Header(names=(), raw=b"", rest=b"")
        raise empty_input(path)
    if match is None:  # no newline at all: a header and nothing else, or an unclosed quote
        match = pattern.match(buffer + b"\n")
        if match is None:
            raise _bad("the header has a quote that is never closed", where=where)
    raw = buffer[: match.end()]  # without a newline where the file has none
    try:
        names = _names(strip_newline(match.group()), dialect)
    except DataError as exc:
        exc.where = where
        raise
    return Header(names=names, raw=raw, rest=buffer[match.end() :])


@lru_cache(maxsize=16)
def _names(record: bytes, dialect: Dialect) -> tuple[str, ...]:
    """Return the names in a header; raises DataError. Thousands of small files mostly have one."""
    if b"\0" in record:
        raise _bad("the header holds NUL bytes, as UTF-16 text does", "Write it as UTF-8.")
    fields = split_fields(record, dialect.delimiter)
    if bare_faults(fields) is not None:
        raise _bad("the header has a quote or a carriage return inside a bare field")
    try:
        names = tuple(field.text.decode() for field in fields)
    except UnicodeDecodeError as exc:
        raise _bad(
            f"the header is not {dialect.encoding} text",
            "Write it as UTF-8, or say how it is written.",
        ) from exc
    empty = [index + 1 for index, name in enumerate(names) if not name.strip()]
    if empty:
        raise _bad(f"the header has no name for column {', '.join(map(str, empty))}")
    duplicates = sorted(name for name, count in Counter(names).items() if count > 1)
    if duplicates:
        raise _bad(f"the header repeats {', '.join(map(repr, duplicates))}")
    return names


def _bad(what: str, hint: str = "Fix the file's first line.", where: str = "") -> DataError:
    return DataError(what, where=where, hint=hint)
