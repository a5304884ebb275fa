"""Ask trees about each distinct row once, in sorted order.

Like rows take the same way through a tree. A processor guesses at each branch which way it goes,
and among sorted rows the guess is mostly right; equal rows need not be asked about twice. Where
rows are independent (`ModelFacts.independent_rows`), which only trees are known to be, the answers
are the same to the last bit. What it saves is in docs/performance.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Positions = npt.NDArray[np.intp]

#: Fewer are answered before they could be sorted.
_FEWEST_ROWS = 256
#: Rows in which the distinct values of a column are counted.
_SAMPLE_ROWS = 256


def distinct_rows(inputs: Any) -> tuple[Positions, Positions] | None:
    """Return which rows to ask about, in order, and which of the answers is each row's.

    Rows are compared by their numbers; none is left out where there is anything else beside them.

    Args:
        inputs: Frame or array of shape (n_rows, n_features).

    Returns:
        Row numbers, shape (n_asked,), and positions among them, shape (n_rows,); None where asking
        about all as they come is as good.
    """
    columns = _numbers(inputs) if inputs.shape[0] >= _FEWEST_ROWS else []
    if not columns:
        return None
    # Columns with few values come first, that is last: they keep the most rows together.
    columns.sort(key=lambda column: -len(np.unique(column[:_SAMPLE_ROWS])))
    order = np.lexsort(columns)
    differs = np.ones(len(order), dtype=bool)
    if len(columns) == inputs.shape[1]:
        differs[1:] = False
        for column in columns:
            values = column[order]
            differs[1:] |= values[1:] != values[:-1]
    answers = np.empty_like(order)
    answers[order] = np.cumsum(differs) - 1
    return order[differs], answers


def _numbers(inputs: Any) -> list[npt.NDArray[Any]]:
    """Return the columns that are numbers, whatever holds them."""
    if isinstance(inputs, pd.DataFrame):
        return [
            column.to_numpy()
            for _, column in inputs.items()
            if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiub"
        ]
    if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "fiub":
        return list(inputs.T)
    return []
