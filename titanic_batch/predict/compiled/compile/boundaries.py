"""Move thresholds through what a pipeline does to numbers, back into a column's own values.

Every step is monotone, rounding included, so whether its result is at most a threshold changes at
one number at most. That is found exactly, by bisection over all float64 in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from titanic_batch.predict.compiled.ops import apply_ops, stays_finite
from titanic_batch.predict.compiled.plan import Floats, Op

LARGEST = float(np.finfo(np.float64).max)
_STEPS = 65


def raw_thresholds(ops: Sequence[Op], thresholds: Floats) -> Floats:
    """Return the numbers up to which `ops` stay on one side of thresholds, and above on the other.

    Args:
        ops: Monotone steps, rising or falling.
        thresholds: Shape (n,).

    Returns:
        Ascending, without duplicates; thresholds that all numbers are on one side of are left out.
    """

    def is_below(numbers: Floats) -> npt.NDArray[np.bool_]:
        with np.errstate(all="ignore"):
            result: npt.NDArray[np.bool_] = apply_ops(ops, numbers) <= thresholds
        return result

    return np.unique(_changes(is_below, len(thresholds)))


def finite_range(ops: Sequence[Op]) -> tuple[float, float]:
    """Return the smallest and the largest number of which `ops` make finite numbers only."""

    def is_finite(numbers: Floats) -> npt.NDArray[np.bool_]:
        with np.errstate(all="ignore"):
            return stays_finite(ops, numbers)

    low = _changes(is_finite, 1, stop=0.0)
    high = _changes(is_finite, 1, start=0.0)
    return (
        float(np.nextafter(low[0], np.inf)) if len(low) else -LARGEST,
        float(high[0]) if len(high) else LARGEST,
    )


def _changes(
    predicate: Callable[[Floats], npt.NDArray[np.bool_]],
    count: int,
    start: float = -LARGEST,
    stop: float = LARGEST,
) -> Floats:
    """Return the last numbers for which predicates say what they say of `start`.

    Those that never change between `start` and `stop` are left out.
    """
    low = np.full(count, _to_place(start))
    high = np.full(count, _to_place(stop))
    first = predicate(_to_floats(low))
    changes = predicate(_to_floats(high)) != first
    for _ in range(_STEPS):
        # The mean of two int64 that does not overflow.
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        same = predicate(_to_floats(middle)) == first
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    found: Floats = _to_floats(low)[changes]
    return found


def _to_place(number: float) -> int:
    """Return a float64's place among all, 0 being 0.0: neighbours differ by 1."""
    bits = int(np.float64(number).view(np.int64))
    return bits if bits >= 0 else -(bits & (2**63 - 1)) - 1


def _to_floats(places: npt.NDArray[np.int64]) -> Floats:
    bits = np.where(places < 0, (-places - 1) | np.int64(-(2**63)), places)
    return bits.view(np.float64)
