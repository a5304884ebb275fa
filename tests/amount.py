"""How much of a grid or a sweep is tried: `make test` takes some of it, `make faults` the whole.

What is taken is the same in every run. A file that asks here is run whole by `make faults`: see
`tests.faults.whole`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

WHOLE = "TITANIC_TESTS_WHOLE"


def is_whole() -> bool:
    return os.environ.get(WHOLE) == "1"


def some(cases: Iterable[T], *, every: int, first: int = 0) -> list[T]:
    """Return each `every`-th case; of a product of axes, a coprime `every` takes all values."""
    found = list(cases)
    return found if is_whole() else found[first::every]


def examples(few: int, *, whole: int) -> int:
    """Return how many examples Hypothesis is to draw."""
    return whole if is_whole() else few
