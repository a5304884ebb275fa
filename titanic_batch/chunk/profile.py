"""Profile: how many of the scored rows fall into each bin of each column, and of the score."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.arrow_arrays import array_of, numpy_of
from titanic_batch.bins import Bins, bins_of_column, bins_of_score, count_in_ranges
from titanic_batch.predict.base import ModelInfo, Predictions
from titanic_batch.schema import TrainingSchema


@dataclass(frozen=True, kw_only=True)
class ProfilePlan:
    """The columns and bins to count.

    Attributes:
        columns: Model column, the input column that it is read from, and its bins.
        score: The score's bins; None where it has none.
    """

    columns: tuple[tuple[str, str, Bins], ...]
    score: Bins | None


@dataclass(kw_only=True)
class Profile:
    """Counts by bin, of rows that were scored; adds up over chunks.

    Attributes:
        columns: Model column to shape (n_bins,).
        score: Shape (n_bins,); None where the score has no bins.
    """

    columns: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    score: npt.NDArray[np.int64] | None = None

    def add(self, other: Profile) -> None:
        """Add another chunk's counts."""
        for name, counts in other.columns.items():
            self.columns[name] = self.columns[name] + counts if name in self.columns else counts
        if other.score is not None:
            self.score = other.score if self.score is None else self.score + other.score


def plan_profile(alignment: AlignmentPlan, schema: TrainingSchema, info: ModelInfo) -> ProfilePlan:
    """Return what can be counted: columns as the input holds them, not what was derived."""
    return ProfilePlan(
        columns=tuple(
            (column_mapping.column.name, column_mapping.source, bins)
            for column_mapping in alignment.column_mappings
            if column_mapping.mapping is None
            and column_mapping.one_hot is None
            and (bins := bins_of_column(column_mapping.column)) is not None
        ),
        score=bins_of_score(
            info.classes, has_probability=info.has_probability, trained=schema.score
        ),
    )


def profile_chunk(
    plan: ProfilePlan,
    typed: Mapping[str, pa.Array],
    rows: npt.NDArray[np.int64] | None,
    predictions: Predictions,
) -> Profile:
    """Count a chunk's scored rows.

    Args:
        plan: What is counted.
        typed: The input columns before any filling, shape (n_records,) each.
        rows: The records that were scored; None for all of them.
        predictions: Of those.
    """
    taken = None if rows is None else array_of(rows)
    columns = {}
    for name, source, bins in plan.columns:
        values = typed[source] if taken is None else typed[source].take(taken)
        columns[name] = _count(values, bins)
    score = None
    if plan.score is not None:
        probabilities = predictions.probabilities
        binary = plan.score.values is None and probabilities is not None
        found = probabilities[:, 1] if binary and probabilities is not None else predictions.labels
        with contextlib.suppress(pa.ArrowException):  # labels of a type that Arrow does not count
            score = _count(array_of(found), plan.score)
    return Profile(columns=columns, score=score)


def _count(values: pa.Array, bins: Bins) -> npt.NDArray[np.int64]:
    counts = np.zeros(bins.count, dtype=np.int64)
    if bins.values is None:
        numbers = numpy_of(pc.cast(values.drop_null(), pa.float64(), safe=False))
        numbers = numbers[~np.isnan(numbers)]
        counts[:-1] = count_in_ranges(numbers, bins.edges)
        counts[-1] = len(values) - len(numbers)
        return counts
    known = {value: position for position, value in enumerate(bins.values)}
    for entry in pc.value_counts(values).to_pylist():
        value = entry["values"]
        other_or_null = -2 if value is not None and value == value else -1  # noqa: PLR0124  # NaN
        counts[known.get(value, other_or_null)] += entry["counts"]
    return counts
