"""Predict rows with a null that training never had apart from those without.

Such a null does not fit into the column's dtype. Were they predicted together, it would change the
type of all values beside it, and code that is not known may tell 3 from 3.0, or fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from titanic_batch.alignment.apply import Column, Features
from titanic_batch.alignment.coded import decoded
from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.predict.base import ModelInfo, Predictions, Predictor
from titanic_batch.predict.frame import is_widened


@dataclass(frozen=True)
class InNullGroups:
    """Predicts rows in groups that hold such nulls in the same columns; see `Predictor`.

    Attributes:
        predictor: Predicts each group.
        alignment: How the model's columns are fed.
    """

    predictor: Predictor
    alignment: AlignmentPlan

    @property
    def info(self) -> ModelInfo:
        """See `Predictor`."""
        return self.predictor.info

    def predict(self, columns: Sequence[Column]) -> Predictions:
        """See `Predictor`."""
        columns = decoded(columns)
        groups = null_groups(self.alignment, columns)
        if len(groups) == 1:
            return self.predictor.predict(columns)
        parts = [self.predictor.predict([column[rows] for column in columns]) for rows in groups]
        found = Predictions.concat(parts)
        back = np.argsort(np.concatenate(groups), kind="stable")
        return replace(found.take(back), cached=found.cached)


def null_groups(
    alignment: AlignmentPlan, columns: Sequence[Features]
) -> list[npt.NDArray[np.intp]]:
    """Return the rows in groups that hold nulls which training never had in the same columns."""
    masks = [
        pd.isna(values)
        for mapping, values in zip(alignment.column_mappings, columns, strict=True)
        if is_widened(mapping.column, values)
    ]
    masks = [mask for mask in masks if mask.any()]
    if not masks:
        return [np.arange(len(columns[0]) if columns else 0)]
    _, group = np.unique(np.column_stack(masks), axis=0, return_inverse=True)
    group = group.reshape(-1)
    return [np.flatnonzero(group == number) for number in range(int(group.max()) + 1)]
