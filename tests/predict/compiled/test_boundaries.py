from __future__ import annotations

import numpy as np
import pytest

from titanic_batch.predict.compiled.compile.boundaries import (
    LARGEST,
    finite_range,
    raw_thresholds,
)
from titanic_batch.predict.compiled.ops import apply_ops
from titanic_batch.predict.compiled.plan import Op

RANDOM = np.random.default_rng(0)
CHAINS: list[tuple[Op, ...]] = [
    (),
    (("float32",),),
    (("sub", 29.7), ("div", 14.5)),
    (("sub", 29.7), ("div", 14.5), ("float32",)),
    (("sub", 1e-300), ("div", 1e-5), ("float32",)),
    (("mul", 0.0125), ("add", -3.7), ("clip", 0.0, 1.0)),
    (("fill", 28.0), ("sub", 3.0), ("div", -2.0)),
    (("mul", -1e10), ("float32",)),
]


@pytest.mark.parametrize("ops", CHAINS, ids=str)
def test_a_threshold_moves_to_the_last_number_on_its_side(ops: tuple[Op, ...]) -> None:
    raw = np.concatenate([RANDOM.normal(30, 15, 300), [0.0, -0.0, 5e-324, 1e-30, 1e30]])
    with np.errstate(all="ignore"):
        thresholds = np.unique(apply_ops(ops, raw))
        found = raw_thresholds(ops, thresholds)
        for end in found:
            here, above = apply_ops(ops, np.array([end, np.nextafter(end, np.inf)]))
            assert ((here <= thresholds) != (above <= thresholds)).any()
        # In one bin, everything is on the same side of everything.
        rows = np.sort(np.concatenate([raw, found, np.nextafter(found, np.inf)]))
        bins = np.searchsorted(found, rows)
        sides = apply_ops(ops, rows)[:, None] <= thresholds
        for number in np.unique(bins):
            alike = sides[bins == number]
            assert (alike == alike[0]).all()


def test_thresholds_that_all_numbers_are_on_one_side_of_are_left_out() -> None:
    assert raw_thresholds((("clip", 0.0, 1.0),), np.array([-1.0, 2.0, np.nan, np.inf])).size == 0
    assert raw_thresholds((), np.array([-np.inf, LARGEST, np.inf])).size == 0


@pytest.mark.parametrize(
    "ops", [(), (("float32",),), (("div", 1e-4),), (("div", -1e-4), ("float32",)), (("mul", 0.0),)]
)
def test_the_range_of_numbers_that_stay_finite(ops: tuple[Op, ...]) -> None:
    low, high = finite_range(ops)
    with np.errstate(all="ignore"):
        assert np.isfinite(apply_ops(ops, np.array([low, high, 0.0]))).all()
        beyond = np.array([np.nextafter(low, -np.inf), np.nextafter(high, np.inf)])
        assert not np.isfinite(apply_ops(ops, beyond)).any()
