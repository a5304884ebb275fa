"""Bins that a column's values are counted in: in training, and every night against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from titanic_batch.schema import ColumnSchema, Scalar, ScoreProfile

#: A probability's bins are the same whatever the model, so that nights can be compared.
TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

_MOST_COMPARED = 32


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Ranges between edges, or single values and one bin for all others; and one for nulls, last.

    Attributes:
        edges: Where ranges meet, ascending; each belongs to the range below it.
        values: The single values; None where there are ranges.
    """

    edges: tuple[float, ...] = ()
    values: tuple[Scalar, ...] | None = None

    @property
    def count(self) -> int:
        """The number of bins."""
        return len(self.edges if self.values is None else self.values) + 2


def inner_edges(deciles: Sequence[float]) -> tuple[float, ...]:
    """Return the edges that deciles from 0 to 100 % give: the distinct inner ones, ascending."""
    return tuple(sorted(set(deciles[1:-1])))


def count_in_ranges(values: npt.NDArray[Any], edges: Sequence[float]) -> npt.NDArray[np.int64]:
    """Count values by range: up to the first edge, up to the second, ..., above the last.

    Args:
        values: Shape (n,), finite.
        edges: Ascending; each belongs to the range below it.

    Returns:
        Shape (n_edges + 1,).
    """
    if len(edges) > _MOST_COMPARED:
        positions = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="left")
        return np.bincount(positions, minlength=len(edges) + 1)
    # A comparison for each edge takes a fifth of the time.
    up_to = [np.count_nonzero(values <= edge) for edge in edges]
    return np.diff([0, *up_to, len(values)])


def bins_of_column(column: ColumnSchema) -> Bins | None:
    """Return a column's bins; None where training shows none, as of free text."""
    if column.categories is not None:
        return Bins(values=column.categories)
    if column.kind == "boolean":
        return Bins(values=(False, True))
    if column.quantiles is not None:
        return Bins(edges=inner_edges(column.quantiles))
    return None


def bins_of_score(
    classes: tuple[Scalar, ...] | None, *, has_probability: bool, trained: ScoreProfile | None
) -> Bins | None:
    """Return the score's bins; None for a regressor whose training scores nobody knows."""
    if classes is not None:
        binary = has_probability and len(classes) == 2
        return Bins(edges=TENTHS) if binary else Bins(values=classes)
    return Bins(edges=trained.edges) if trained is not None and trained.edges else None


def training_shares(column: ColumnSchema) -> tuple[float, ...] | None:
    """Return the share of training rows in each of a column's bins; None where nobody knows."""
    known = column.frequencies if column.categories is not None else column.shares
    if known is None or column.null_rate is None:
        return None
    if column.categories is not None:
        known = (*known, max(1 - sum(known), 0.0))
    return (*(share * (1 - column.null_rate) for share in known), column.null_rate)


def training_score_shares(score: ScoreProfile | None) -> tuple[float, ...] | None:
    """Return the share of training rows in each bin of the score; None where nobody knows."""
    if score is None:
        return None
    return (*score.shares, 0.0) if score.edges is not None else (*score.shares, 0.0, 0.0)
