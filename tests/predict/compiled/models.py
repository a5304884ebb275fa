"""Models to compile, their rows, and scikit-learn's own word on them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from titanic_batch.alignment.apply import Features
from titanic_batch.alignment.readers import value_type_of
from titanic_batch.predict.base import Predictions
from titanic_batch.predict.compiled.compile.compiling import compile_plan
from titanic_batch.predict.compiled.compile.sample_rows import aligned_cells, plain_alignment
from titanic_batch.predict.compiled.compile.trees import merged
from titanic_batch.predict.compiled.plan import ScoringPlan, Trees
from titanic_batch.predict.compiled.predictor import CompiledPredictor, run_plan
from titanic_batch.predict.compiled.proof import Proof, prove
from titanic_batch.predict.frame import model_input
from titanic_batch.predict.sklearn_predictor import SklearnPredictor, model_info
from titanic_batch.schema import TrainingSchema
from titanic_batch.schema.derive import derive_schema

NUMBERS, TEXTS = ["age", "fare", "sibs"], ["port", "sex"]
TOLERANCE = 1e-12


def passengers(count: int, seed: int = 0, *, nulls: float = 0.1) -> pd.DataFrame:
    """Return rows with numbers, texts, and nulls."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": random.normal(30, 12, count).round(1),
            "fare": np.exp(random.normal(3, 1, count)).round(2),
            "sibs": random.integers(0, 6, count).astype(float),
            "port": random.choice(list("SSSSCCQ"), count).astype(object),
            "sex": random.choice(["male", "female"], count).astype(object),
        }
    )
    for name in frame:
        frame.loc[random.random(count) < nulls, name] = np.nan
    return frame


def targets(frame: pd.DataFrame, classes: int, seed: int = 0) -> npt.NDArray[Any]:
    """Return something to learn: so many classes, or numbers for one."""
    noise = np.random.default_rng(seed).normal(0, 0.7, len(frame))
    raw = (frame["sex"] == "female") * 1.5 + frame["age"].fillna(30) / 25 + noise
    raw += np.sin(frame["fare"].fillna(9.0) / 9)
    if classes == 1:
        return np.asarray(raw, dtype=np.float64)
    return np.array(pd.qcut(raw, classes, labels=False), dtype=np.intp)


@dataclass(frozen=True)
class Compiled:
    """A model and its plan, as a run would have them."""

    estimator: Any
    schema: TrainingSchema
    plan: ScoringPlan
    model: SklearnPredictor

    def proof(self) -> Proof:
        def predict(columns: Sequence[Features]) -> Predictions:
            with warnings.catch_warnings(action="ignore"):  # a run shows none of them either
                return self.model.predict(columns)

        return prove(self.plan, self.schema, predict, seconds=0.0)

    def columns(self, frame: pd.DataFrame) -> tuple[Features, ...]:
        cells = [
            pa.array(frame[column.name].tolist(), value_type_of(column), from_pandas=True)
            for column in self.schema.columns
        ]
        return aligned_cells(self.schema, cells)

    def predict(self, columns: Sequence[Features], threshold: float | None = None) -> Predictions:
        plan = self.plan
        return CompiledPredictor(plan, self.model.info, lambda: self.model, threshold).predict(
            columns
        )

    def assert_equal_on(self, frame: pd.DataFrame) -> int:
        """Compare with scikit-learn, asked directly; return how many rows the plan decided."""
        columns = self.columns(frame)
        found = run_plan(self.plan, columns)
        decided = np.ones(len(frame), dtype=bool)
        decided[found.undecided] = False
        if not decided.any():
            return 0
        rows = self.model_input([column[decided] for column in columns])
        labels = self.estimator.predict(rows)
        if self.plan.classes is None:
            gaps = np.abs(found.labels[decided] - labels) / np.maximum(1.0, np.abs(labels))
            assert gaps.max() <= TOLERANCE
        else:
            assert found.labels[decided].tolist() == labels.tolist()
        assert (found.probabilities is not None) == hasattr(self.estimator, "predict_proba")
        if found.probabilities is not None:
            gaps = np.abs(found.probabilities[decided] - self.estimator.predict_proba(rows))
            assert gaps.max() <= TOLERANCE
        return int(decided.sum())

    def model_input(self, columns: Sequence[Features]) -> Any:
        return model_input(plain_alignment(self.schema), columns)


def compiled(estimator: Any, schema: TrainingSchema | None = None) -> Compiled:
    """Compile a fitted model."""
    schema = schema or derive_schema(estimator)
    alignment = plain_alignment(schema)
    plan = compile_plan(estimator, schema, lambda columns: model_input(alignment, columns))
    model = SklearnPredictor(estimator=estimator, info=model_info(estimator), alignment=alignment)
    return Compiled(estimator, schema, plan, model)


def merged_plan(plan: ScoringPlan) -> ScoringPlan:
    """Return a plan with its tables merged, as it is kept."""
    from dataclasses import replace

    return replace(plan, body=merged(plan.body)) if isinstance(plan.body, Trees) else plan


def odd_rows(plan: Compiled, count: int = 600, seed: int = 1) -> pd.DataFrame:
    """Return rows with unknown categories, nulls, and numbers on thresholds and beside them."""
    random = np.random.default_rng(seed)
    frame = passengers(count, seed)
    for name in TEXTS:
        frame.loc[random.random(count) < 0.05, name] = "elsewhere"
    body = plan.plan.body
    tables = body.tables if isinstance(body, Trees) else ()
    names = plan.schema.names
    for digit in (digit for table in tables for digit in table.digits):
        name = names[plan.plan.inputs[digit.input].column]
        if digit.thresholds is None or not len(digit.thresholds) or name not in frame:
            continue
        near = random.choice(digit.thresholds, count // 2)
        step = random.choice([-np.inf, np.inf], count // 2)
        beside = random.random(count // 2) < 0.5
        frame.loc[: count // 2 - 1, name] = np.where(beside, np.nextafter(near, step), near)
    return frame
