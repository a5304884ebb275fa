"""Is a plan the model that it was made of? It is compared with scikit-learn, row by row."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from titanic_batch.alignment.apply import Features
from titanic_batch.predict.base import Predictions
from titanic_batch.predict.compiled.link import TOLERANCE
from titanic_batch.predict.compiled.plan import ScoringPlan
from titanic_batch.predict.compiled.predictor import run_plan
from titanic_batch.predict.compiled.proof_rows import BATCH, RowMaker
from titanic_batch.schema import TrainingSchema

#: Rows drawn by chance: so many, or what the time allows, but no fewer than the second.
_MANY, _FEW = 20_000, 2_000
#: With a larger share of rows for scikit-learn, a plan saves too little.
_MOST_UNDECIDED = 0.2
_SEED = 20_120_414


class NotProvenError(Exception):
    """A plan is not the model that it was made of; the text says where they differ."""


@dataclass(frozen=True)
class Proof:
    """What was compared: `rows`, of which the plan left `undecided` to scikit-learn."""

    rows: int
    undecided: int


def prove(
    plan: ScoringPlan,
    schema: TrainingSchema,
    predict: Callable[[Sequence[Features]], Predictions],
    *,
    seconds: float,
) -> Proof:
    """Compare a plan with scikit-learn.

    Args:
        plan: The plan, with one table per input.
        schema: What the model expects.
        predict: Asks scikit-learn, of one array of shape (n_rows,) per model column.
        seconds: How long it may take; thresholds, codes, leaves and a few rows more are compared
            in any case.

    Raises:
        NotProvenError: at the first difference, or where scikit-learn raises.
    """
    until = time.perf_counter() + seconds
    maker = RowMaker(plan, schema, np.random.default_rng(_SEED))
    rows = undecided = 0
    for columns in chain(maker.ends(), maker.leaves()):
        _compare(plan, columns, predict)
        rows += len(columns[0])
    drawn = 0
    while drawn < _FEW or (drawn < _MANY and time.perf_counter() < until):
        columns = maker.any(BATCH)
        undecided += _compare(plan, columns, predict)
        drawn += BATCH
    if undecided > _MOST_UNDECIDED * drawn:
        raise NotProvenError("too many rows are near a decision boundary")
    return Proof(rows=rows + drawn, undecided=undecided)


def _compare(
    plan: ScoringPlan,
    columns: Sequence[Features],
    predict: Callable[[Sequence[Features]], Predictions],
) -> int:
    """Compare the rows that a plan decides, and return how many it does not."""
    found = run_plan(plan, columns)
    decided = np.ones(len(found.labels), dtype=bool)
    decided[found.undecided] = False
    if not decided.any():
        return len(found.undecided)
    try:
        wanted = predict([column[decided] for column in columns])
    except Exception as exc:
        raise NotProvenError(f"scikit-learn raises {type(exc).__name__} on rows of it") from exc
    labels = found.labels[decided]
    if labels.dtype != wanted.labels.dtype:
        raise NotProvenError(f"its labels are {labels.dtype}, not {wanted.labels.dtype}")
    if plan.classes is None:
        _require_close(labels, wanted.labels, "values")
    elif (labels != wanted.labels).any():
        raise NotProvenError("labels differ")
    if (found.probabilities is None) != (wanted.probabilities is None):
        raise NotProvenError("only one of them has probabilities")
    if found.probabilities is not None and wanted.probabilities is not None:
        _require_close(found.probabilities[decided], wanted.probabilities, "probabilities")
    return len(found.undecided)


def _require_close(found: Features, wanted: Features, what: str) -> None:
    if found.shape != wanted.shape:
        raise NotProvenError(f"the {what} have another shape")
    distance = np.abs(found - wanted)
    if not (distance <= TOLERANCE * np.maximum(1.0, np.abs(wanted))).all():
        raise NotProvenError(f"{what} differ by {np.nanmax(distance):.3g}")
