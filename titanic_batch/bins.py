"""Bins that a column's values are counted in: in training, and every night against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

#: A probability's bins are the same whatever the model, so that nights can be compared.
TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def inner_edges(deciles: Sequence[float]) -> tuple[float, ...]:
    """Return the edges that deciles from 0 to 100 % give: the distinct inner ones, ascending."""
    return tuple(sorted(set(deciles[1:-1])))


def count_in_bins(values: npt.NDArray[Any], edges: Sequence[float]) -> npt.NDArray[np.int64]:
    """Count values by bin: up to the first edge, up to the second, ..., above the last.

    Args:
        values: Shape (n,), finite.
        edges: Ascending; each belongs to the bin below it.

    Returns:
        Shape (n_edges + 1,).
    """
    positions = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="left")
    return np.bincount(positions, minlength=len(edges) + 1)
