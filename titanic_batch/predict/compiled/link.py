"""Turn sums into labels and probabilities, and say where scikit-learn itself is to be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from titanic_batch.predict.compiled.plan import Floats, Link

#: Rows this near to a decision boundary are scikit-learn's: it may add up in another order.
NEAR = 1e-9
#: How far a probability, or a value of 1 or less, may be from scikit-learn's.
TOLERANCE = 1e-12
#: Rounding errors of a sum, in units of the last place of what its terms' sizes add up to.
ROUNDING = 8 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Linked:
    """What sums say, by row.

    Attributes:
        labels: Positions of classes, or a regressor's values, shape (n_rows,).
        probabilities: Shape (n_rows, n_classes); None where there are none.
        doubtful: Whether another order of adding up might say something else.
    """

    labels: npt.NDArray[Any]
    probabilities: Floats | None
    doubtful: npt.NDArray[np.bool_]


def apply_link(
    link: Link, sums: Floats, sizes: Floats, *, exact: bool, threshold: float | None
) -> Linked:
    """Turn sums into predictions.

    Args:
        link: How.
        sums: Shape (n_outputs, n_rows).
        sizes: What the sizes of their terms add up to, shape (n_outputs, 1) or (n_outputs, n_rows).
        exact: Whether the sums have no rounding error.
        threshold: The second class's label is given from this probability on; None for the
            model's own rule.
    """
    error = (sizes * ROUNDING).max(axis=0) if not exact else np.zeros(1)
    with np.errstate(all="ignore"):  # what is not finite is doubtful
        if link in ("value", "exp"):
            values = np.exp(sums[0]) if link == "exp" else sums[0]
            growth = values if link == "exp" else 1.0
            is_near = error * growth <= TOLERANCE * np.maximum(1.0, np.abs(values))
            return Linked(values, None, ~(is_near & np.isfinite(values)))
        if link == "decision":
            labels, is_clear = _decide(sums, error, exact=exact)
            return Linked(labels, None, ~is_clear)
        probabilities = _probabilities(link, sums)
        # The steepest that a class's probability can change with its sum is p (1 - p).
        slope = (probabilities * (1.0 - probabilities)).max(axis=1) if link != "share" else 1.0
        is_near = 2.0 * error * slope <= TOLERANCE
        exact = exact and link == "share"  # others are rounded after the sum
        if threshold is not None:
            labels = (probabilities[:, 1] >= threshold).astype(np.intp)
            is_clear = exact | (np.abs(probabilities[:, 1] - threshold) >= NEAR)
        else:
            decisive = probabilities.T if link == "share" else sums
            labels, is_clear = _decide(decisive, error, exact=exact)
    return Linked(labels, probabilities, ~(is_near & is_clear))


def _probabilities(link: Link, sums: Floats) -> Floats:
    if link == "softmax":
        powers = np.exp(sums - sums.max(axis=0))
        return np.ascontiguousarray((powers / powers.sum(axis=0)).T)
    if link == "share":
        return np.ascontiguousarray(
            (sums if len(sums) > 1 else np.stack([1.0 - sums[0], sums[0]])).T
        )
    shares = _logistic(sums)
    if link == "logistic":
        return np.stack([1.0 - shares[0], shares[0]], axis=1)
    total = shares.sum(axis=0)
    nothing = total == 0.0
    if nothing.any():
        shares[:, nothing] = 1.0
        total[nothing] = len(shares)
    return np.ascontiguousarray((shares / total).T)


def _logistic(sums: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-sums))


def _decide(
    sums: Floats, error: Floats, *, exact: bool
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return the largest sum's position, or whether the only one is above 0; and if it is clear."""
    if len(sums) == 1:
        margin = np.abs(sums[0])
        labels = (sums[0] > 0.0).astype(np.intp)
    else:
        labels = sums.argmax(axis=0)
        ordered = np.partition(sums, -2, axis=0)
        margin = ordered[-1] - ordered[-2]
    if exact:
        return labels, np.ones(len(labels), dtype=bool)
    return labels, margin >= np.maximum(NEAR, 2.0 * error)
