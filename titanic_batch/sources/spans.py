"""Cut an input into spans of records that can each be read without what stands before it.

A span of text (CSV) is a range of bytes that begins and ends where records do; one of Parquet is a
run of row groups. Where spans end depends on the input and the sizes alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from titanic_batch.errors import DataError, FileAccessError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.sources.base import Chunk, Source
from titanic_batch.sources.csv_source import CsvSource
from titanic_batch.sources.parquet_source import ParquetSource

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Consecutive records of an input.

    Attributes:
        offset: Of its first byte; of a Parquet file, the position of its first row group.
        length: In bytes; of a Parquet file, in row groups.
        rows: How many records it holds.
        lines: How many lines of text these take; 0 for Parquet.
        first_row: 1-based number of its first record.
        first_line: 1-based line that this one starts on; 0 for Parquet.
        sha256: Of its bytes in the file, in hex.
    """

    offset: int
    length: int
    rows: int
    lines: int
    first_row: int
    first_line: int
    sha256: str


class Spans(Protocol):
    """The spans of one input."""

    @property
    def are_readable(self) -> bool:
        """Whether a span can be read on its own."""
        ...

    def cut(self) -> Iterator[Span]:
        """Yield the spans, of which there is one at least."""
        ...

    def chunks_and_spans(self) -> Iterator[Chunk | Span]:
        """Yield each span after its chunks, in one pass over the input."""
        ...

    def chunks_of(self, span: Span) -> Iterator[Chunk]:
        """Yield the chunks of one span.

        Raises:
            DataError: if its bytes are others than when it was cut.
        """
        ...


def spans_of(source: Source, span_bytes: int) -> Spans:
    """Return how an opened input is cut into spans of at most about `span_bytes` of the file.

    A chunk, or a row group, is never cut: one that is larger is a span of its own.
    """
    if isinstance(source, ParquetSource):
        return ParquetSpans(source, span_bytes)
    return TextSpans(source, span_bytes)


class TextSpans:
    """The spans of a text; see `Spans`."""

    def __init__(self, source: Source, span_bytes: int) -> None:
        self._source = source
        self._csv = source if isinstance(source, CsvSource) else None
        self._records_at = self._csv.records_at if self._csv is not None else None
        self._span_bytes = span_bytes

    @property
    def are_readable(self) -> bool:
        """Whether the file's bytes are the text itself, and what reads it can begin anywhere."""
        return self._records_at is not None

    def cut(self) -> Iterator[Span]:
        """Yield the spans."""
        return (item for item in self.chunks_and_spans() if isinstance(item, Span))

    def chunks_and_spans(self) -> Iterator[Chunk | Span]:
        """Yield each span after its chunks."""
        begun = _Begun(offset=self._records_at or 0, row=1)
        for chunk in self._source.chunks():
            if begun.length and begun.length + len(chunk.data) > self._span_bytes:
                yield begun.span()
                begun = begun.next()
            begun.add(chunk)
            yield replace(chunk, is_all=False)
        yield begun.span()

    def chunks_of(self, span: Span) -> Iterator[Chunk]:
        """Yield the chunks of one span; raises DataError where it has changed."""
        assert self._csv is not None
        source = self._csv
        digest, position, end = hashlib.sha256(), span.offset, span.offset + span.length

        def read(size: int) -> bytes:
            nonlocal position
            stop_if_interrupted()
            data = source.read_at(position, min(size, end - position))
            digest.update(data)
            position += len(data)
            return data

        for chunk in source.cut(read, first_line=span.first_line, is_part=True):
            yield replace(chunk, first_row=span.first_row - 1 + chunk.first_row, is_all=False)
        if digest.hexdigest() != span.sha256:
            raise changed()


class _Begun:
    """A span of text whose end is not known yet."""

    def __init__(self, *, offset: int, row: int) -> None:
        self.length = 0
        self._offset, self._first_row, self._first_line = offset, row, 0
        self._rows = 0
        self._last: Chunk | None = None
        self._hash = hashlib.sha256()

    def add(self, chunk: Chunk) -> None:
        """Add a chunk."""
        self._first_line = self._first_line or chunk.first_line
        self._last = chunk
        self._rows += chunk.row_count
        self.length += len(chunk.data)
        self._hash.update(chunk.data)

    def span(self) -> Span:
        """Return what was added."""
        last, lines = self._last, 0
        if last is not None:
            lines = last.first_line - self._first_line + last.data.count(b"\n")
        return Span(
            offset=self._offset,
            length=self.length,
            rows=self._rows,
            lines=lines,
            first_row=self._first_row,
            first_line=self._first_line,
            sha256=self._hash.hexdigest(),
        )

    def next(self) -> _Begun:
        """Return the span that begins where this one ends."""
        return _Begun(offset=self._offset + self.length, row=self._first_row + self._rows)


class ParquetSpans:
    """The spans of a Parquet file; see `Spans`."""

    are_readable = True

    def __init__(self, source: ParquetSource, span_bytes: int) -> None:
        self._source = source
        self._span_bytes = span_bytes
        self._groups = source.row_groups()

    def cut(self) -> Iterator[Span]:
        """Yield the spans: row groups, as they lie in the file."""
        row, groups, size = 1, range(0), 0
        sizes = [_bytes_of(group) for group in self._groups]
        for index, more in enumerate(sizes):
            if groups and size + more > self._span_bytes:
                yield (span := self._span(groups, row))
                row, groups, size = row + span.rows, range(index, index), 0
            groups, size = range(groups.start, index + 1), size + more
        yield self._span(groups, row)

    def chunks_and_spans(self) -> Iterator[Chunk | Span]:
        """Yield each span after its chunks."""
        for span in self.cut():
            yield from self.chunks_of(span)
            yield span

    def chunks_of(self, span: Span) -> Iterator[Chunk]:
        """Yield the chunks of one span; raises DataError where it has changed."""
        groups = range(span.offset, span.offset + span.length)
        if groups.stop > len(self._groups) or self._span(groups, span.first_row) != span:
            raise changed()
        if groups:
            for chunk in self._source.chunks_of(groups, first_row=span.first_row):
                yield replace(chunk, is_all=False)

    def _span(self, groups: range, first_row: int) -> Span:
        return Span(
            offset=groups.start,
            length=len(groups),
            rows=sum(self._groups[index].num_rows for index in groups),
            lines=0,
            first_row=first_row,
            first_line=0,
            sha256=self._hash(groups),
        )

    def _hash(self, groups: range) -> str:
        digest = hashlib.sha256()
        for index in groups:
            for start, stop in _columns_of(self._groups[index]):
                for at in range(start, stop, _BLOCK_BYTES):
                    stop_if_interrupted()
                    try:
                        digest.update(self._source.read_at(at, min(stop - at, _BLOCK_BYTES)))
                    except OSError as exc:
                        raise FileAccessError(f"reading failed: {exc.strerror or exc}") from exc
        return digest.hexdigest()


def _columns_of(group: Any) -> Iterator[tuple[int, int]]:
    """Yield where the columns of a row group begin and end in the file."""
    for index in range(group.num_columns):
        column = group.column(index)
        first = column.dictionary_page_offset
        start = column.data_page_offset if first is None else min(first, column.data_page_offset)
        yield start, start + column.total_compressed_size


def _bytes_of(group: Any) -> int:
    return sum(stop - start for start, stop in _columns_of(group))


def changed() -> DataError:
    """Return the error for an input that is another by now."""
    return DataError(
        "the input has changed since it was cut into parts",
        hint="Make the plan again, or score it again.",
    )
