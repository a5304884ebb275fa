"""Samples: a few records in hand, which can be read again as other options would have it."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from titanic_batch.errors import DataError
from titanic_batch.sources.base import Chunk, Parser, Reading
from titanic_batch.sources.csv_header import read_header
from titanic_batch.sources.csv_parser import CsvParser
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.grammar import find_records
from titanic_batch.sources.stream import MARK_UNDECODABLE, UNDECODABLE
from titanic_batch.unnamed import text_schema

#: A sample of more rows says no more.
MOST_ROWS = 1000

_MARKED = re.compile(re.escape(UNDECODABLE) + rb"(?=[\x80-\xff])")


@dataclass(frozen=True, kw_only=True)
class CsvSample:
    """A header and records, as bytes of a CSV file.

    Attributes:
        raw: The bytes, unpacked but not decoded.
        is_whole: Whether no record is cut short by what was not read.
    """

    raw: bytes
    is_whole: bool

    def text(self, encoding: str) -> bytes:
        """Return the bytes as UTF-8, what they are not in that encoding marked."""
        if encoding == "utf-8":
            return self.raw
        try:
            decoder = codecs.getincrementaldecoder(encoding)(MARK_UNDECODABLE)
            text = decoder.decode(self.raw, final=self.is_whole)
            return text.encode("utf-8", MARK_UNDECODABLE)
        except UnicodeError as exc:
            raise DataError(f"it is no {encoding} text") from exc

    def read(self, dialect: Dialect, *, allow_no_final_newline: bool = False) -> Reading:
        """Read the records in a dialect; raises DataError where the header is damaged."""
        text = self.text(dialect.encoding)
        stream = io.BytesIO(text)
        header = read_header(
            stream.read, dialect, chunk_bytes=len(text) + 1, max_record_bytes=len(text) + 1, path=""
        )
        found = find_records(header.rest, dialect)
        ends = found.ends[:MOST_ROWS]
        end = int(ends[-1]) if ends.size else 0
        chunk = Chunk(
            data=header.rest[:end],
            first_row=1,
            row_count=int(ends.size),
            first_line=1 + header.lines,
            regular=found.regular,
        )
        chunks = [chunk] if ends.size else []
        last = header.rest[end:]
        if last and self.is_whole and ends.size == found.ends.size:
            chunks.append(
                Chunk(data=last, first_row=1 + int(ends.size), row_count=1, terminated=False)
            )
        return Reading(
            schema=text_schema(header.names, header.unnamed),
            text_cells=True,
            parser=CsvParser(
                names=header.names,
                unnamed=frozenset(header.unnamed),
                dialect=dialect,
                allow_no_final_newline=allow_no_final_newline,
            ),
            chunks=tuple(chunks),
        )


@dataclass(frozen=True, kw_only=True)
class TableSample:
    """Rows of a Parquet file, and what reads its chunks."""

    table: pa.Table
    parser: Parser

    def read(self, _dialect: Dialect, *, allow_no_final_newline: bool = False) -> Reading:  # noqa: ARG002  # as CSV's
        """Return the rows; a dialect says nothing of them."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.table.schema) as writer:
            writer.write_table(self.table.combine_chunks())
        rows = self.table.num_rows
        chunk = Chunk(data=sink.getvalue().to_pybytes(), first_row=1, row_count=rows)
        return Reading(
            schema=self.table.schema,
            text_cells=False,
            parser=self.parser,
            chunks=(chunk,) if rows else (),
        )


def csv_sample(
    header: bytes, picked: Sequence[tuple[Chunk, Sequence[int]]], dialect: Dialect
) -> CsvSample:
    """Return a header and some records of chunks as a CSV file would hold them.

    Args:
        header: The header's record, as UTF-8, behind the lines that are skipped.
        picked: Chunks and 0-based positions of records in them, ascending.
        dialect: How the file was read.
    """
    parts = [header]
    for chunk, indices in picked:
        data = chunk.data if chunk.terminated else chunk.data + b"\n"
        starts = np.concatenate([[0], find_records(data, dialect).ends])
        parts += [chunk.data[int(starts[i]) : int(starts[i + 1])] for i in indices]
    return CsvSample(raw=_encoded(b"".join(parts), dialect.encoding), is_whole=True)


def _encoded(text: bytes, encoding: str) -> bytes:
    """Return marked UTF-8 as the bytes of the file that it was read from, as far as can be."""
    if encoding == "utf-8":
        return text
    try:
        plain = _MARKED.sub(b"", text).decode("utf-8", "surrogateescape")
        return plain.encode(encoding, "surrogateescape")
    except UnicodeError:
        return text
