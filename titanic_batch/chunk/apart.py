"""Ask about rows with a null that training never had apart from those without.

Such a null does not fit into the column's dtype. Were they asked about together, it would change
the type of all values beside it, and code that is not known may tell 3 from 3.0, or fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from titanic_batch.alignment.apply import Features
from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.chunk.frame import is_widened
from titanic_batch.chunk.predictions import Predictions, joined, taken


def ask_apart(
    plan: AlignmentPlan,
    features: Sequence[Features],
    ask: Callable[[Sequence[Features]], Predictions],
) -> Predictions:
    """Return what `ask` says of all rows, asked in groups that hold such nulls alike.

    Args:
        plan: How the model is fed.
        features: One array of shape (n_rows,) per model column.
        ask: Predicts rows that go together.
    """
    groups = rows_alike(plan, features)
    if len(groups) == 1:
        return ask(features)
    parts = [ask([column[rows] for column in features]) for rows in groups]
    together = joined(parts)
    back = np.argsort(np.concatenate(groups), kind="stable")
    found = taken(together, back)
    return Predictions(found.labels, found.probabilities, together.recalled)


def rows_alike(plan: AlignmentPlan, features: Sequence[Features]) -> list[npt.NDArray[np.intp]]:
    """Return the rows in groups that hold nulls which training never had in the same columns."""
    masks = [
        pd.isna(values)
        for feed, values in zip(plan.feeds, features, strict=True)
        if is_widened(feed.column, values)
    ]
    masks = [mask for mask in masks if mask.any()]
    if not masks:
        return [np.arange(len(features[0]) if features else 0)]
    _, group = np.unique(np.column_stack(masks), axis=0, return_inverse=True)
    group = group.reshape(-1)
    return [np.flatnonzero(group == number) for number in range(int(group.max()) + 1)]
