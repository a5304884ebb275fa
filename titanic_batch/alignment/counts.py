"""Nulls, unknown values and unreadable cells: where in a chunk, and how many in a whole input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.arrow_arrays import array_of, array_of_list

#: 0-based rows of a chunk, ascending.
Rows = npt.NDArray[np.int64]
NO_ROWS: Rows = np.empty(0, np.int64)


@dataclass(kw_only=True)
class AlignmentCounts:
    """Counts of the cells that were no plain values, by model column; adds up over chunks.

    Attributes:
        nulls: Null cells.
        filled: Null cells that were filled.
        unknown: Values that the model never saw, accepted or rejected, and how often.
        scored_unknown: Those of rows that were scored: the others are nobody's to read who may not
            read the rejects.
        unreadable: Cells that are no number, or no boolean, where there must be one.
        null_tokens: Null cells that were not empty: what they held, and how often.
        doubtful: Texts that pandas would have taken for null, and that were read as text.
        spelt: Texts that a one-hot column stands for, where the model has `_` for spaces.
        booleans: Cells that say true or false, and were read as 1 or 0.
    """

    nulls: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    scored_unknown: dict[str, Counter[str]] = field(default_factory=dict)
    unreadable: Counter[str] = field(default_factory=Counter)
    null_tokens: dict[str, Counter[str]] = field(default_factory=dict)
    doubtful: dict[str, Counter[str]] = field(default_factory=dict)
    spelt: dict[str, Counter[str]] = field(default_factory=dict)
    booleans: Counter[str] = field(default_factory=Counter)

    def add(self, other: AlignmentCounts) -> None:
        """Add another chunk's counts."""
        self.nulls.update(other.nulls)
        self.filled.update(other.filled)
        self.unreadable.update(other.unreadable)
        self.booleans.update(other.booleans)
        for mine, theirs in (
            (self.unknown, other.unknown),
            (self.scored_unknown, other.scored_unknown),
            (self.null_tokens, other.null_tokens),
            (self.doubtful, other.doubtful),
            (self.spelt, other.spelt),
        ):
            for column, values in theirs.items():
                mine.setdefault(column, Counter()).update(values)


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Some cells of a column: their rows, ascending, and what they hold."""

    rows: Rows
    values: pa.Array

    def part(self, start: int, stop: int) -> Cells:
        """Return those from row `start` to `stop`, counted from `start`."""
        first, last = np.searchsorted(self.rows, (start, stop))
        return Cells(rows=self.rows[first:last] - start, values=self.values[first:last])


NO_CELLS = Cells(rows=NO_ROWS, values=array_of_list([], pa.string()))


@dataclass(frozen=True, kw_only=True)
class Observations:
    """The cells of one model column that were no plain values.

    Attributes:
        column: The model column.
        fills: Whether its nulls are filled.
        source: The column by which unknown values and null texts are counted.
        nulls: Rows with a null.
        unreadable: Rows that hold no number, or no boolean.
        unknown: Cells with a value that the model never saw.
        tokens: Null cells that are not empty.
        doubtful: Texts that pandas would take for null.
        spelt: Cells of the value of a one-hot column, where the model has `_` for spaces.
        booleans: Rows that hold true or false where the model takes 1 or 0.
    """

    column: str
    fills: bool
    source: str
    nulls: Rows
    unreadable: Rows
    unknown: Cells = NO_CELLS
    tokens: Cells = NO_CELLS
    doubtful: Cells = NO_CELLS
    spelt: Cells = NO_CELLS
    booleans: Rows = field(default_factory=lambda: NO_ROWS)

    @property
    def is_nothing(self) -> bool:
        """Whether all cells were plain values."""
        found = (
            *(self.nulls, self.unreadable, self.unknown.rows),
            *(self.tokens.rows, self.doubtful.rows, self.spelt.rows, self.booleans),
        )
        return not any(rows.size for rows in found)

    def part(self, start: int, stop: int) -> Observations:
        """Return the same of the rows from `start` to `stop`, counted from `start`."""
        return Observations(
            column=self.column,
            fills=self.fills,
            source=self.source,
            nulls=rows_between(self.nulls, start, stop),
            unreadable=rows_between(self.unreadable, start, stop),
            unknown=self.unknown.part(start, stop),
            tokens=self.tokens.part(start, stop),
            doubtful=self.doubtful.part(start, stop),
            spelt=self.spelt.part(start, stop),
            booleans=rows_between(self.booleans, start, stop),
        )


def rows_between(rows: Rows, start: int, stop: int) -> Rows:
    """Return those of `rows` from `start` to `stop`, counted from `start`."""
    first, last = np.searchsorted(rows, (start, stop))
    return rows[first:last] - start


def count(met: Iterable[Observations]) -> AlignmentCounts:
    """Count what was met in a chunk."""
    counts = AlignmentCounts()
    for one in met:
        if one.nulls.size:
            counts.nulls[one.column] += one.nulls.size
        if one.nulls.size and one.fills:
            counts.filled[one.column] += one.nulls.size
        if one.unreadable.size:
            counts.unreadable[one.column] += one.unreadable.size
        if one.booleans.size:
            counts.booleans[one.column] += one.booleans.size
        if one.spelt.rows.size:
            counts.spelt[one.column] = _counter(one.spelt.values)
        for cells, tallies in (
            (one.unknown, counts.unknown),
            (one.tokens, counts.null_tokens),
            (one.doubtful, counts.doubtful),
        ):
            # Every column of a one-hot group meets the same values: they are counted once.
            if cells.rows.size and one.source not in tallies:
                tallies[one.source] = _counter(cells.values)
    return counts


def count_unknown(met: Iterable[Observations], rows: Rows | None) -> dict[str, Counter[str]]:
    """Count the values that the model never saw in some rows of a chunk; None for all of them."""
    counts: dict[str, Counter[str]] = {}
    for one in met:
        unknown = one.unknown
        if unknown.rows.size and one.source not in counts:
            values = unknown.values
            if rows is not None:
                values = values.filter(array_of(np.isin(unknown.rows, rows)))
            if len(values):
                counts[one.source] = _counter(values)
    return counts


def _counter(values: pa.Array) -> Counter[str]:
    counter: Counter[str] = Counter()
    for entry in pc.value_counts(values).to_pylist():
        counter[str(entry["values"])] += entry["counts"]
    return counter
