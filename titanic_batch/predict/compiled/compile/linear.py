"""Compile linear models: each number with its weights, each category's codes with their sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from titanic_batch.predict.compiled.compile.trees import Origin
from titanic_batch.predict.compiled.plan import CodeTerm, Floats, Linear, Term


def compile_linear(estimator: Any, origins: Sequence[Origin]) -> Linear:
    """Compile a fitted linear model.

    Args:
        estimator: It.
        origins: Where each derived column comes from.
    """
    weights = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
    bias = np.broadcast_to(np.asarray(estimator.intercept_, np.float64).reshape(-1), len(weights))
    terms = []
    sums: dict[int, Floats] = {}
    for column, origin in enumerate(origins):
        own = weights[:, column].copy()
        if origin.table is None:
            ops = origin.derived.ops or ()
            terms.append(Term(input=origin.input, ops=ops, weights=own))
        else:
            before = sums.get(origin.input, np.zeros(1))
            sums[origin.input] = before + origin.table[:, column][:, None] * own
    code_terms = tuple(CodeTerm(input=at, values=values) for at, values in sums.items())
    return Linear(terms=tuple(terms), code_terms=code_terms, bias=bias.copy())
