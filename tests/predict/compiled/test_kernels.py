"""Rows that are alike are summed once; each row's sum is the same to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from titanic_batch.predict.compiled import kernels
from titanic_batch.predict.compiled.plan import Digit, LeafSum, Table, Trees

RANDOM = np.random.default_rng(0)


def trees(words: int, sizes: tuple[int, ...]) -> Trees:
    tables = tuple(
        Table(
            digits=(Digit(input=at, thresholds=None, size=size),),
            masks=RANDOM.integers(0, 1 << 63, (size, words), dtype=np.uint64),
        )
        for at, size in enumerate(sizes)
    )
    values = RANDOM.normal(size=(words, 65))
    half = words // 2
    return Trees(
        tables=tables,
        sums=(
            LeafSum(start=0, base=0.5, values=values[:half]),
            LeafSum(start=half, base=0.25, values=values[half:]),
        ),
        divisor=1.0,
        exact=False,
        magnitude=1.0,
    )


@pytest.mark.parametrize("sizes", [(3, 4, 2), (50, 40), (7,), (2, 900, 900)])
@pytest.mark.parametrize("joined_bytes", [0, 1 << 12, 1 << 21])
def test_rows_that_are_alike_are_summed_as_each_alone(
    sizes: tuple[int, ...], joined_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "_JOINED_BYTES", joined_bytes)
    body, count = trees(31, sizes), 700
    inputs = [RANDOM.integers(0, size, count) for size in sizes]
    found = kernels.sum_trees(body, inputs, count)
    alone = [
        kernels.sum_trees(body, [one[at : at + 1] for one in inputs], 1) for at in range(count)
    ]
    assert found.tobytes() == np.hstack(alone).tobytes()
