"""A refused file, and what is in hand of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.chunk.task import ScoredChunk
from titanic_batch.sources.base import Chunk, Sample, Source
from titanic_batch.sources.partition import Partition

_MOST_REJECTED = 150
_MOST_OF_A_KIND = 10
_MOST_GOOD = 50
_MOST_CHUNKS = 5
_MOST_BYTES = 16 << 20


@dataclass(kw_only=True)
class Picked:
    """Chunks with rejected rows, kept in case the file is refused: they are in memory anyway."""

    chunks: list[tuple[Chunk, list[int]]] = field(default_factory=list)
    _kinds: set[tuple[str, str]] = field(default_factory=set)
    _rejected: int = 0
    _bytes: int = 0

    def add(self, chunk: Chunk, result: ScoredChunk) -> None:
        """Keep a chunk that has rejects, as long as more of them would say more."""
        if not result.rejects:
            return
        by_kind: dict[tuple[str, str], list[int]] = {}
        for reject in result.rejects:
            kind = by_kind.setdefault((reject.reason, reject.column), [])
            kind.append(reject.row - chunk.first_row)
        is_enough = self._rejected >= _MOST_REJECTED and by_kind.keys() <= self._kinds
        is_much = self._bytes + len(chunk.data) > _MOST_BYTES or len(self.chunks) >= _MOST_CHUNKS
        if self.chunks and (is_enough or is_much) and chunk.terminated:
            return
        # Some of each kind: a line of totals comes after thousands of others.
        few = [index for indices in by_kind.values() for index in indices[:_MOST_OF_A_KIND]]
        many = [index for indices in by_kind.values() for index in indices[_MOST_OF_A_KIND:]]
        indices = [*few, *many][:_MOST_REJECTED]
        self.chunks.append((chunk, indices))
        self._kinds |= by_kind.keys()
        self._rejected += len(indices)
        self._bytes += len(chunk.data)

    def sample_of(self, source: Source) -> tuple[Sample, tuple[int, ...]]:
        """Return rejected rows, some good ones among them, and the number of each."""
        picked, numbers, good_left = [], [], _MOST_GOOD
        for chunk, rejected in self.chunks:
            good = np.setdiff1d(np.arange(min(chunk.row_count, 10_000)), rejected)[:good_left]
            good_left -= good.size
            indices = sorted({*rejected, *good.tolist()})
            picked.append((chunk, indices))
            numbers += [chunk.first_row + index for index in indices]
        return source.sample(picked), tuple(numbers)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A refused file.

    Attributes:
        path: The file.
        partition: The columns that stand in its folders' names.
        sample: Records of it.
        rows: The row number of each; empty where the header is what is refused.
        read: How many rows were read.
        rejected: How many of them were rejected.
        counts: What alignment met in all of them.
        by_reason: Those by reason.
        is_complete: Whether these numbers are of all of it.
    """

    path: str
    partition: Partition = ()
    sample: Sample
    rows: tuple[int, ...] = ()
    read: int = 0
    rejected: int = 0
    counts: AlignmentCounts = field(default_factory=AlignmentCounts)
    by_reason: Counter[str] = field(default_factory=Counter)
    is_complete: bool = True
