"""A table in memory as a chunk: what callers hand over is parsed already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from titanic_batch.sources.base import Chunk, Parsed, RawRecord


@dataclass(frozen=True)
class TableParser:
    """Gives the rows of one table, whatever chunk it is asked for; see `Parser`.

    Attributes:
        table: The rows, in one piece.
    """

    table: pa.Table | None = None

    def parse(self, chunk: Chunk) -> Parsed:  # noqa: ARG002 - the protocol's signature
        """Return the table."""
        return Parsed(cells=self.table, rows=None)

    def parse_together(self, chunks: Sequence[Chunk]) -> pa.Table | None:  # noqa: ARG002
        """Join nothing: there is one table."""
        return None

    def raw_records(self, chunk: Chunk, indices: Sequence[int]) -> list[RawRecord]:  # noqa: ARG002
        """Return nothing of the rows at `indices`: who gave them has them."""
        return [RawRecord(None, "")] * len(indices)


def duplicate_names(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, in order."""
    return sorted(name for name, count in Counter(names).items() if count > 1)
