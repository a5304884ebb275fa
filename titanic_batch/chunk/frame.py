"""Lay aligned columns out as the model was fed in training: a frame, or a bare array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from titanic_batch.alignment.apply import Features
from titanic_batch.alignment.feeds import AlignmentPlan


def model_input(
    plan: AlignmentPlan, columns: Sequence[Features]
) -> pd.DataFrame | npt.NDArray[Any]:
    """Return the model's input of shape (n_rows, n_features).

    Args:
        plan: How the model is fed.
        columns: One array of shape (n_rows,) per model column.
    """
    if not plan.named:
        return np.column_stack(columns)
    series = {}
    for feed, values in zip(plan.feeds, columns, strict=True):
        column = feed.column
        if column.dtype == "category" and column.categories is not None:
            series[column.name] = pd.Series(
                pd.Categorical(values, categories=list(column.categories))
            )
        else:
            series[column.name] = pd.Series(values, dtype=values.dtype)
    return pd.DataFrame(series, copy=False)
