"""CompiledPredictor: predicts by a plan, and asks scikit-learn where the plan may not decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from titanic_batch.alignment.apply import Column
from titanic_batch.predict.base import ModelInfo, Predictions, Predictor
from titanic_batch.predict.compiled.encode import encode
from titanic_batch.predict.compiled.kernels import (
    Values,
    largest_sizes,
    sizes_of_rows,
    sum_linear,
    sum_trees,
)
from titanic_batch.predict.compiled.link import ROUNDING, TOLERANCE, Linked, apply_link
from titanic_batch.predict.compiled.plan import Linear, ScoringPlan


@dataclass(frozen=True)
class PlanResult:
    """What a plan says of rows.

    Attributes:
        labels: Labels or values, shape (n_rows,).
        probabilities: Shape (n_rows, n_classes); None where the model gives none.
        undecided: The rows that scikit-learn has to predict, ascending.
    """

    labels: npt.NDArray[Any]
    probabilities: npt.NDArray[np.float64] | None
    undecided: npt.NDArray[np.intp]


def run_plan(
    plan: ScoringPlan, columns: Sequence[Column], threshold: float | None = None
) -> PlanResult:
    """Predict rows by a plan.

    Args:
        plan: The compiled model.
        columns: One array of shape (n_rows,) per model column.
        threshold: Of binary classifiers: the label is the second class from this probability on.
    """
    inputs, refused = encode(plan.inputs, columns)
    if refused.any():  # their numbers may be too large to reckon with
        inputs = [np.where(refused, values.dtype.type(0), values) for values in inputs]
    linked = _linked(plan, inputs, len(refused), threshold)
    labels = linked.labels if plan.classes is None else plan.classes.take(linked.labels)
    return PlanResult(
        labels=labels,
        probabilities=linked.probabilities,
        undecided=np.flatnonzero(refused | linked.doubtful),
    )


@dataclass(frozen=True)
class CompiledPredictor:
    """Predicts by a plan, and what that leaves undecided by the model; see `Predictor`.

    Attributes:
        plan: The compiled model.
        info: What the model answers with.
        model: Makes what predicts as the model itself does; it is asked for only when needed.
        threshold: See `run_plan`.
    """

    plan: ScoringPlan
    info: ModelInfo
    model: Callable[[], Predictor]
    threshold: float | None = None

    def predict(self, columns: Sequence[Column]) -> Predictions:
        """See `Predictor`."""
        found = run_plan(self.plan, columns, self.threshold)
        rows = found.undecided
        if not rows.size:
            return Predictions(found.labels, found.probabilities)
        others = self.model().predict([column[rows] for column in columns])
        labels = found.labels.astype(np.result_type(found.labels, others.labels), copy=True)
        labels[rows] = others.labels
        probabilities = found.probabilities
        if probabilities is not None and others.probabilities is not None:
            probabilities = probabilities.copy()
            probabilities[rows] = others.probabilities
        return Predictions(labels, probabilities, by_estimator=len(rows))


def _linked(plan: ScoringPlan, inputs: list[Values], count: int, threshold: float | None) -> Linked:
    body = plan.body
    if isinstance(body, Linear):
        sums = sum_linear(body, inputs, count)
        sizes, exact = largest_sizes(body, inputs), False
        if (sizes * ROUNDING).max() > TOLERANCE:  # that of all rows tells nothing of each
            sizes = sizes_of_rows(body, inputs, count)
    else:
        sums = sum_trees(body, inputs, count) / body.divisor
        sizes, exact = np.array([[body.magnitude / body.divisor]]), body.exact
    return apply_link(plan.link, sums, sizes, exact=exact, threshold=threshold)
