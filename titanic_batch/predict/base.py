"""Predictor, what it predicts, and what is known of its model.

Imports nothing heavy: the parent of workers never needs the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from titanic_batch.errors import UsageError
from titanic_batch.schema import Scalar, TrainingSchema

if TYPE_CHECKING:
    from titanic_batch.alignment.apply import Column


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """The kind of answers that an estimator gives; small, and sent between processes.

    Attributes:
        classes: A classifier's labels; None for regressors.
        has_probability: Whether it gives probabilities.
        label_type: Arrow type of a prediction.
        independent_rows: Whether each row's prediction is known not to depend, to the last bit, on
            the rows beside it.
        independent_steps: Whether what comes before a pipeline's last step is known to treat each
            row on its own, to the last bit.
        known_by_row: Whether it is known not to look from one row at another.
    """

    classes: tuple[Scalar, ...] | None
    has_probability: bool
    label_type: pa.DataType
    independent_rows: bool = False
    independent_steps: bool = False
    known_by_row: bool = False

    @property
    def batchable(self) -> bool:
        """Whether the rows of several files may be given to it, or to its steps, at once."""
        return self.independent_rows or self.independent_steps


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """A loaded model, described.

    Attributes:
        info: What it answers with.
        schema: What it expects, as it came with the model or as derived from the estimator.
        warnings: What loading it brought up.
        libraries: The distributions that its classes come from, with their versions.
    """

    info: ModelInfo
    schema: TrainingSchema
    warnings: tuple[str, ...] = ()
    libraries: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Predictions:
    """Labels and probabilities of n_rows rows.

    Attributes:
        labels: Shape (n_rows,).
        probabilities: Shape (n_rows, n_classes); None where the estimator gives none.
        cached: How many of the rows an earlier run has predicted.
        by_estimator: Where a plan predicted: how many of the rows it left to the estimator.
    """

    labels: npt.NDArray[Any]
    probabilities: npt.NDArray[np.float64] | None
    cached: int = 0
    by_estimator: int = 0

    def take(self, rows: npt.NDArray[np.intp]) -> Predictions:
        """Return the predictions of some rows, in the order in which `rows` names them."""
        probabilities = self.probabilities
        return Predictions(
            self.labels[rows], None if probabilities is None else probabilities[rows]
        )

    @staticmethod
    def concat(parts: Sequence[Predictions]) -> Predictions:
        """Return the predictions of consecutive rows as one."""
        if len(parts) == 1:
            return parts[0]
        probabilities = [part.probabilities for part in parts if part.probabilities is not None]
        return Predictions(
            np.concatenate([part.labels for part in parts]),
            np.concatenate(probabilities) if probabilities else None,
            cached=sum(part.cached for part in parts),
            by_estimator=sum(part.by_estimator for part in parts),
        )


class Predictor(Protocol):
    """Predicts aligned rows."""

    @property
    def info(self) -> ModelInfo:
        """What it answers with."""
        ...

    def predict(self, columns: Sequence[Column]) -> Predictions:
        """Predict rows, of one array of shape (n_rows,) per model column, n_rows > 0.

        Raises:
            ModelError: if the model predicts several outputs at once.
            Exception: whatever else the model raises.
        """
        ...


def check_threshold(threshold: float | None, info: ModelInfo) -> None:
    """Refuse a threshold where there is nothing to hold it against.

    Raises:
        UsageError: unless the model is a binary classifier with probabilities.
    """
    if threshold is None:
        return
    if not 0 <= threshold <= 1:
        raise UsageError("--threshold must be between 0 and 1", hint="Give --threshold 0.5, say.")
    if not info.has_probability or info.classes is None or len(info.classes) != 2:
        raise UsageError(
            "--threshold needs a binary classifier that gives probabilities",
            hint="Leave it out.",
        )
