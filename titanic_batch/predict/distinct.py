"""Predict each distinct row once, in sorted order, where trees predict.

Like rows take the same way through a tree. A processor guesses at each branch which way it goes,
and among sorted rows the guess is mostly right; equal rows need not be predicted twice. Where
rows are independent (`ModelInfo.independent_rows`), which only trees are known to be, the answers
are the same to the last bit. What it saves is in docs/performance.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import _safe_indexing

from titanic_batch.predict.base import Predictions

Positions = npt.NDArray[np.intp]

#: Fewer trees are quicker than a sort.
_FEWEST_TREES = 20
#: Fewer rows are answered before they could be sorted.
_FEWEST_ROWS = 256
#: Rows in which the distinct values of a column are counted, and how many of them show that it is
#: continuous: among rows sorted by one such column, there are no like ones left to be sorted.
_SAMPLE_ROWS = 256
_CONTINUOUS = 250
#: Columns that rows are sorted by, at most: each takes its time.
_MOST_KEYS = 16
#: Wider rows take longer to compare and to move than sorting them saves.
_MOST_COLUMNS = 64


def is_worth_sorting_for(model: Any) -> bool:
    """Return whether a model has so many trees that sorting its rows costs little beside them."""
    trees = getattr(model, "n_iter_", None)  # boosting
    if trees is None:
        trees = len(getattr(model, "estimators_", ()))
    return int(trees) >= _FEWEST_TREES


def predict_distinct(predict: Callable[[Any], Predictions], inputs: Any) -> Predictions:
    """Predict each distinct row once; only where rows are independent.

    Args:
        predict: Predicts rows of `inputs`.
        inputs: Frame or array of shape (n_rows, n_features).
    """
    found = distinct_rows(inputs)
    if found is None:
        return predict(inputs)
    rows, answers = found
    return predict(_safe_indexing(inputs, rows)).take(answers)


def distinct_rows(inputs: Any) -> tuple[Positions, Positions] | None:
    """Return which rows to ask about, in order, and which of the answers is each row's.

    Rows are compared by their numbers; none is left out where there is anything else beside them.
    Some that are equal may be asked about twice.

    Args:
        inputs: Frame or array of shape (n_rows, n_features).

    Returns:
        Row numbers, shape (n_asked,), and positions among them, shape (n_rows,); None where asking
        about all as they come is as good.
    """
    if inputs.shape[0] < _FEWEST_ROWS or inputs.shape[1] > _MOST_COLUMNS:
        return None
    columns = _numbers(inputs)
    if not columns:
        return None
    counts = [len(np.unique(column[:_SAMPLE_ROWS])) for column in columns]
    # Columns with few values first: they keep the most rows together.
    few_first = [columns[at] for at in np.argsort(counts, kind="stable")]
    discrete = sum(count < _CONTINUOUS for count in counts)
    keys = few_first[: min(discrete + 1, _MOST_KEYS)]
    order = np.lexsort(keys[::-1])  # the last one counts most
    differs = np.ones(len(order), dtype=bool)
    if len(columns) == inputs.shape[1]:
        differs[1:] = _differences(few_first[::-1], order)
    answers = np.empty_like(order)
    answers[order] = np.cumsum(differs) - 1
    return order[differs], answers


def _differences(columns: list[npt.NDArray[Any]], order: Positions) -> npt.NDArray[np.bool_]:
    """Tell of each row but the first whether it differs from the one before it in an order."""
    differs = np.zeros(len(order) - 1, dtype=bool)
    for column in columns:
        values = column[order]
        differs |= values[1:] != values[:-1]
        if differs.all():
            break
    return differs


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
