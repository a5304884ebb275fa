"""ScoringPlan: a fitted pipeline as arrays of numbers. Needs numpy, and nothing of scikit-learn.

A plan reads each model column as a number or as the code of a category. Trees see, of a number,
only which of their thresholds it is above, so a column becomes a digit: the number's place among
all thresholds, moved into the column's own values, or the category's code. For each digit a table
holds, as bits, the leaves that it leaves open; the leaf that a row reaches in a tree is the one
that all its digits leave open. This is the method of QuickScorer (Lucchese et al., SIGIR 2015),
with tables in place of its scan over thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from titanic_batch.schema import Scalar

Floats = npt.NDArray[np.float64]

#: What turns sums of leaves, or products, into predictions.
#: value: they are the values. exp: their exponential is. logistic: one sum, of the second of two
#: classes. softmax, normalized (logistic each, then shares): one sum per class. share: shares of
#: the classes, or of the second of two. decision: one sum, or one per class, without probabilities.
Link = Literal["value", "exp", "logistic", "softmax", "normalized", "share", "decision"]

#: One step of what is done to a number: ("fill", value) where it is null, ("sub", value), ("div",
#: value), ("mul", value), ("add", value), ("clip", low, high), ("float32",), or ("isnan",).
Op = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class NumberInput:
    """A model column that is read as a number; NaN is null.

    Attributes:
        column: Its position among the model's columns.
        low: The smallest number that scikit-learn takes.
        high: The largest.
        refuses_null: Whether scikit-learn raises on a null.
    """

    column: int
    low: float
    high: float
    refuses_null: bool


@dataclass(frozen=True, kw_only=True)
class CategoryInput:
    """A model column that is read as a code: a category's position, or one of the two after them.

    Attributes:
        column: Its position among the model's columns.
        categories: The values that have a code.
        refused: The codes on which scikit-learn raises.
    """

    column: int
    categories: tuple[Scalar, ...]
    refused: tuple[int, ...]

    @property
    def unknown(self) -> int:
        """The code of every value that is no category."""
        return len(self.categories)

    @property
    def null(self) -> int:
        """The code of a null."""
        return len(self.categories) + 1

    @property
    def code_count(self) -> int:
        """How many codes there are."""
        return len(self.categories) + 2


@dataclass(frozen=True, kw_only=True)
class Digit:
    """What trees see of one input.

    Attributes:
        input: Its position among the plan's inputs.
        thresholds: Of a number: ascending, shape (n,). The digit is how many of them are below the
            number, or n + 1 for a null. None for a category, whose digit is its code.
        size: How many digits there are.
    """

    input: int
    thresholds: Floats | None
    size: int


@dataclass(frozen=True, kw_only=True)
class Table:
    """Which leaves the digits of some inputs leave open.

    Attributes:
        digits: The inputs; together they are a number, the first digit being the highest.
        masks: Unsigned integers, shape (product of the digits' sizes, n_words). A word is the
            leaves of one tree, left to right from the lowest bit, or a run of them.
    """

    digits: tuple[Digit, ...]
    masks: npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class LeafSum:
    """One output of a sum over trees.

    Attributes:
        start: The first of the words that it sums over.
        base: What the sum begins with.
        values: Shape (n_words, bits + 1): each leaf's value, by its place in its word, and 0.0 for
            a word in which no leaf is reached.
    """

    start: int
    base: float
    values: Floats


@dataclass(frozen=True, kw_only=True)
class Trees:
    """Sums over trees.

    Attributes:
        tables: At least one.
        sums: One per output.
        divisor: What the sums are divided by.
        exact: Whether the sums are without any rounding error.
        magnitude: The largest sum of the absolute values of leaves.
    """

    tables: tuple[Table, ...]
    sums: tuple[LeafSum, ...]
    divisor: float
    exact: bool
    magnitude: float


@dataclass(frozen=True, kw_only=True)
class Term:
    """A number's part of linear outputs: what `ops` make of it, times weights, (n_outputs,)."""

    input: int
    ops: tuple[Op, ...]
    weights: Floats


@dataclass(frozen=True, kw_only=True)
class CodeTerm:
    """A category's part of linear outputs: `values`, shape (n_codes, n_outputs)."""

    input: int
    values: Floats


@dataclass(frozen=True, kw_only=True)
class Linear:
    """Linear outputs: the terms' sum, and `bias`, shape (n_outputs,)."""

    terms: tuple[Term, ...]
    code_terms: tuple[CodeTerm, ...]
    bias: Floats


@dataclass(frozen=True, kw_only=True)
class ScoringPlan:
    """A fitted pipeline, compiled.

    Attributes:
        column_count: How many model columns it is given.
        inputs: Those that it reads, and how.
        body: What is summed.
        link: What turns the sums into predictions.
        classes: A classifier's labels, shape (n_classes,), of their own dtype; None for regressors.
    """

    column_count: int
    inputs: tuple[NumberInput | CategoryInput, ...]
    body: Trees | Linear
    link: Link
    classes: npt.NDArray[Any] | None
