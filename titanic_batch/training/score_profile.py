"""Count the scores that a model gives its training data, for nights to be held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from titanic_batch.bins import TENTHS, count_in_ranges, inner_edges
from titanic_batch.schema import ScoreProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from titanic_batch.schema import Scalar


def profile_of_training(
    estimator: Any, features: pd.DataFrame, *, named: bool
) -> ScoreProfile | None:
    """Return how an estimator scores its training data; None if it does not take it as it is.

    Args:
        estimator: A fitted estimator.
        features: Its columns in its order, shape (n_rows, n_features).
        named: Whether it takes a frame with names, or a bare array.
    """
    inputs = features if named else features.to_numpy()
    classes = getattr(estimator, "classes_", None)
    try:
        if classes is not None and not len(classes):
            classes = None  # CatBoost's regressors
        if classes is None:
            answers = estimator.predict(inputs)
        elif len(classes) == 2 and hasattr(estimator, "predict_proba"):
            answers = estimator.predict_proba(inputs)[:, 1]
        else:
            answers = estimator.predict(inputs)
        scores = np.asarray(answers)
        if scores.ndim == 2 and scores.shape[1] == 1:
            scores = scores[:, 0]
        return profile_of_scores(scores, classes)
    except Exception:  # noqa: BLE001  # a model may raise anything, and this is no reason to fail
        return None


def profile_of_scores(
    scores: npt.NDArray[Any], classes: Sequence[Scalar] | None
) -> ScoreProfile | None:
    """Return the profile of scores; None where they are none that bins can hold.

    Args:
        scores: Shape (n_rows,): probabilities of the second of two classes, predicted numbers, or
            labels.
        classes: A classifier's labels; None for regressors.
    """
    if scores.ndim != 1 or not scores.size:
        return None
    if classes is not None and (scores.dtype.kind != "f" or len(classes) != 2):
        counts = [int((scores == label).sum()) for label in classes]
        return ScoreProfile(shares=tuple(count / len(scores) for count in counts))
    numbers = scores.astype(np.float64)
    if not np.isfinite(numbers).all():
        return None
    edges: tuple[float, ...] = TENTHS
    if classes is None:
        deciles = np.quantile(numbers, np.linspace(0.0, 1.0, 11))
        edges = inner_edges([float(value) for value in deciles])
    shares = count_in_ranges(numbers, edges) / len(numbers)
    return ScoreProfile(edges=edges, shares=tuple(float(share) for share in shares))
