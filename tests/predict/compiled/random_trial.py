"""Compile random models and hold their plans against scikit-learn.

`python -m tests.predict.compiled.random_trial --seed N --count N` prints a JSON line per model.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from tests.predict.compiled.models import TOLERANCE, Compiled, compiled, merged_plan
from tests.predict.compiled.random_models import RandomModel, draw_model
from titanic_batch.alignment.apply import Features
from titanic_batch.predict.compiled.compile.walk import NotCompilableError
from titanic_batch.predict.compiled.plan import Trees
from titanic_batch.predict.compiled.predictor import PlanResult, run_plan
from titanic_batch.predict.compiled.proof import NotProvenError

ROWS = 4_000


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How the plan of one random model did.

    Attributes:
        seed: Of the model.
        what: The model.
        refused: Why it is not compiled; "" where it is.
        predictions: Rows that the plan decided and that were compared.
        undecided: Rows that it left to scikit-learn.
        labels: Labels that differ.
        farthest: The largest difference of a probability, or of a value, in units of max(1,
            |value|).
        alike: Whether rows are predicted the same alone, and with tables apart.
    """

    seed: int
    what: str
    refused: str = ""
    predictions: int = 0
    undecided: int = 0
    labels: int = 0
    farthest: float = 0.0
    alike: bool = True

    @property
    def is_right(self) -> bool:
        return not self.labels and self.farthest <= TOLERANCE and self.alike


def try_model(seed: int, count: int = ROWS) -> Trial:
    """Compile and prove a random model, and compare its plan with scikit-learn on odd rows."""
    with warnings.catch_warnings(action="ignore"):
        drawn = draw_model(seed, count)
        try:
            one = compiled(drawn.estimator, drawn.schema)
            one.proof()
        except (NotCompilableError, NotProvenError) as exc:
            refused = f"{type(exc).__name__}: {exc}"
            return Trial(seed=seed, what=drawn.what, refused=refused)
        rows = _on_thresholds(one, drawn.rows, np.random.default_rng(seed))
        columns = one.columns(rows)
        found = run_plan(merged_plan(one.plan), columns)
        decided = np.ones(len(rows), dtype=bool)
        decided[found.undecided] = False
        labels, farthest = _differences(drawn, rows[decided], found, decided)
        return Trial(
            seed=seed,
            what=drawn.what,
            predictions=int(decided.sum()),
            undecided=len(found.undecided),
            labels=labels,
            farthest=farthest,
            alike=_is_alike(one, columns, found),
        )


def _on_thresholds(one: Compiled, rows: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Put numbers onto thresholds, and one float beside, in a third of the rows."""
    rows = rows.copy()
    body = one.plan.body
    for table in body.tables if isinstance(body, Trees) else ():
        for digit in table.digits:
            name = one.schema.names[one.plan.inputs[digit.input].column]
            thresholds = digit.thresholds
            if thresholds is None or not len(thresholds) or rows[name].dtype != np.float64:
                continue
            chosen = random.random(len(rows)) < 0.3
            on = random.choice(thresholds, len(rows))
            beside = np.nextafter(on, random.choice([-np.inf, np.inf], len(rows)))
            near = np.where(random.random(len(rows)) < 0.5, on, beside)
            rows[name] = np.where(chosen, near, rows[name])
    return rows


def _differences(
    drawn: RandomModel, rows: pd.DataFrame, found: PlanResult, decided: npt.NDArray[np.bool_]
) -> tuple[int, float]:
    """Return how many labels differ, and the largest difference: scikit-learn is asked itself."""
    if not len(rows):
        return 0, 0.0
    model: Any = drawn.estimator
    fed: Any = rows if drawn.schema.named else rows.to_numpy()
    wanted = model.predict(fed)
    if not hasattr(model, "classes_"):
        return 0, _farthest(found.labels[decided], wanted)
    labels = int((found.labels[decided] != wanted).sum())
    if found.probabilities is None:
        return labels + hasattr(model, "predict_proba"), 0.0
    return labels, _farthest(found.probabilities[decided], model.predict_proba(fed))


def _farthest(found: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    return float((np.abs(found - wanted) / np.maximum(1.0, np.abs(wanted))).max())


def _is_alike(one: Compiled, columns: Sequence[Features], found: PlanResult) -> bool:
    """Tell whether some rows alone, by the plan with a table per input, are predicted the same."""
    some = slice(7, 7 + len(found.labels) // 10)
    again = run_plan(one.plan, [column[some] for column in columns])
    if found.probabilities is None or again.probabilities is None:
        return bool((found.labels[some] == again.labels).all())
    return found.probabilities[some].tobytes() == again.probabilities.tobytes()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    right = True
    for seed in range(given.seed, given.seed + given.count):
        with threadpool_limits(limits=1):  # as a run does
            trial = try_model(seed)
        right &= trial.is_right
        sys.stdout.write(json.dumps({**asdict(trial), "right": trial.is_right}) + "\n")
        sys.stdout.flush()
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
