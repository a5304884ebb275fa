"""Source: cuts an input into chunks. Its parser, in a worker, reads each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from titanic_batch.faults import Fault
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.partition import Partition

#: Formats whose columns have no types of their own.
TextFormat = Literal["csv", "jsonl"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A self-contained piece of an input: whole records, readable without what stands before it.

    Attributes:
        data: Text: the records' bytes. Parquet: an Arrow IPC stream of one record batch.
        first_row: 1-based number of its first data record.
        row_count: Number of records, as counted by what cut the chunk.
        first_line: Text: 1-based line of the input on which `data` starts.
        regular: CSV: every quote obeys the grammar.
        terminated: Text: the last record ends in a newline.
        is_all: Whether the input holds nothing else.
        partition: The values of the columns that stand in its folders' names.
    """

    data: bytes
    first_row: int
    row_count: int
    first_line: int = 0
    regular: bool = True
    terminated: bool = True
    is_all: bool = False
    partition: tuple[str | None, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """A chunk's well-formed records as columns, and the faults of the others.

    Attributes:
        cells: One Arrow column per header name; CSV columns are all text, empty cells null.
        rows: 0-based position in the chunk of each row of `cells`; None where none is missing.
        faults: Faults of the records that are not in `cells`.
        trimmed: Cells that had padding around them, by column.
    """

    cells: pa.Table
    rows: npt.NDArray[np.int64] | None
    faults: tuple[Fault, ...] = ()
    trimmed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as the input holds it: its line (None for Parquet) and its text."""

    line: int | None
    text: str


@dataclass(frozen=True, kw_only=True)
class InputInfo:
    """The manifest's `input`; `bytes` and `sha256` are of the file as it lies.

    `empty_lines` stand at the end of a text file, and are no records.
    """

    path: str
    format: str
    bytes: int
    sha256: str
    empty_lines: int = 0


class Parser(Protocol):
    """The half of a source that works on one chunk, in any process; it can be pickled."""

    def parse(self, chunk: Chunk) -> Parsed:
        """Read the chunk's records into columns."""
        ...

    def parse_together(self, chunks: Sequence[Chunk]) -> pa.Table | None:
        """Read the records of several chunks into columns, as if each were read alone.

        Returns:
            None where one has faults, or reading them together would show.
        """
        ...

    def raw_records(self, chunk: Chunk, indices: Sequence[int]) -> list[RawRecord]:
        """Return the records at the 0-based positions `indices` as the input holds them."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A sample, read in one way.

    Attributes:
        schema: Its columns.
        text_cells: Whether cells are text that alignment is still to read (CSV).
        parser: Reads the chunks.
        chunks: Its records.
    """

    schema: pa.Schema
    text_cells: bool
    parser: Parser
    chunks: tuple[Chunk, ...]


class Sample(Protocol):
    """A few records in hand, which can be read again as other options would have it."""

    def read(self, dialect: Dialect, *, allow_no_final_newline: bool = False) -> Reading:
        """Read the records; raises DataError where that fails."""
        ...


class Source(Protocol):
    """The half of a source that owns the input: header, chunks, and what was read in all.

    Attributes:
        schema: The input's columns; all text for CSV.
        text_cells: Whether its cells are text that alignment is still to read (CSV).
        text_format: Its format where it is text, whose columns have no types of their own.
        partition: Those of its columns that only its folders' names hold; they are text.
    """

    schema: pa.Schema
    text_cells: bool
    text_format: TextFormat | None
    partition: Partition

    @property
    def parser(self) -> Parser:
        """Reads the chunks."""
        ...

    @property
    def size_bytes(self) -> int | None:
        """Size of the input; None where it can't be known (stdin)."""
        ...

    def chunks(self) -> Iterator[Chunk]:
        """Yield the input's chunks in order; raises DataError where damage can't be bounded."""
        ...

    @property
    def bytes_read(self) -> int:
        """How much of `size_bytes` has been read so far."""
        ...

    def head(self) -> Sample:
        """Return the first records, as far as they are in hand."""
        ...

    def sample(self, picked: Sequence[tuple[Chunk, Sequence[int]]]) -> Sample:
        """Return some records of chunks, by their 0-based positions in these, ascending."""
        ...

    def unterminated_end(self) -> Sample | None:
        """Return a last record that lacks its newline; None for none, or where that is not known.

        It is looked for at the input's end, whatever has been read so far.
        """
        ...

    def release(self) -> None:
        """Close the input, of which all is read; raises DataError if it changed meanwhile."""
        ...

    def info(self) -> InputInfo:
        """Return what was read; raises DataError if the input changed since it was opened."""
        ...

    def close(self) -> None:
        """Release the input."""
        ...
