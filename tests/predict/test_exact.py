"""Shortcuts are taken for what scikit-learn itself made, not for what only looks like it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler, scale

from tests.chunk.exact_models import Blind, Claiming, Flipped, Named, Strict, strict
from titanic_batch.errors import ModelError
from titanic_batch.predict.sklearn_predictor import model_info, predict
from titanic_batch.schema.derive import derive_schema

DRAW = np.random.default_rng(7)
FRAME = pd.DataFrame({"a": DRAW.normal(size=400), "b": DRAW.normal(size=400)})
TARGET = (FRAME["a"] + DRAW.normal(size=400) > 0).astype(int)
FOREST = RandomForestClassifier(25, random_state=0)
BOOSTING = HistGradientBoostingClassifier(max_iter=5, random_state=0)


def fitted(estimator: Any) -> Any:
    return clone(estimator).fit(FRAME, TARGET)


def patched(estimator: Any, name: str = "predict", by: Any = strict) -> Any:
    setattr(estimator, name, functools.partial(by, estimator))
    return estimator


def mirrored(scaler: Any, features: Any) -> Any:
    return -type(scaler).transform(scaler, features)


def with_patched_tree() -> Any:
    forest = fitted(FOREST)
    tree = forest.estimators_[3]
    tree.predict_proba = lambda features, check_input=True: np.tile([0.0, 9.0], (len(features), 1))
    return forest


def with_patched_step() -> Any:
    pipeline = fitted(make_pipeline(StandardScaler(), FOREST))
    patched(pipeline.steps[0][1], "transform", mirrored)
    return pipeline


def with_renamed_classes() -> Any:
    forest = fitted(FOREST)
    forest.classes_ = np.array(["dead", "alive"])
    return forest


FOREIGN: dict[str, Callable[[], Any]] = {
    "forest with its own predict": lambda: patched(fitted(FOREST)),
    "boosting with its own predict": lambda: patched(fitted(BOOSTING)),
    "regression with its own predict": lambda: patched(fitted(LogisticRegression())),
    "pipeline with its own predict": lambda: patched(
        fitted(make_pipeline(StandardScaler(), FOREST))
    ),
    "last step with its own predict": lambda: make_pipeline(
        "passthrough", FrozenEstimator(patched(fitted(FOREST)))
    ).fit(FRAME, TARGET),
    "subclass": lambda: fitted(Strict(25, random_state=0)),
    "subclass with scikit-learn's name": lambda: fitted(Claiming(25, random_state=0)),
    "tree with its own predict": with_patched_tree,
    "step with its own transform": with_patched_step,
}
OWN: dict[str, Callable[[], Any]] = {
    "forest": lambda: fitted(FOREST),
    "forest with renamed classes": with_renamed_classes,
    "boosting": lambda: fitted(make_pipeline("passthrough", BOOSTING)),
    "gradient boosting": lambda: fitted(GradientBoostingClassifier(n_estimators=3)),
    "logarithm": lambda: fitted(make_pipeline(FunctionTransformer(np.exp), LogisticRegression())),
    "calibrated": lambda: fitted(CalibratedClassifierCV(LogisticRegression(), cv=2)),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_quite_scikit_learns_is_asked_as_it_wants_to_be(name: str) -> None:
    estimator = FOREIGN[name]()
    info = model_info(estimator)
    assert not info.known_by_row
    assert not info.independent_rows
    found = predict(estimator, FRAME, info)
    assert found.labels.tolist() == estimator.predict(FRAME).tolist()
    assert found.probabilities is not None
    assert found.probabilities.tolist() == estimator.predict_proba(FRAME).tolist()
    if "own predict" in name and "tree" not in name:
        assert found.labels.tolist() != (found.probabilities[:, 1] > 0.5).tolist()


@pytest.mark.parametrize("name", OWN)
def test_what_is_scikit_learns_is_known_to_go_by_row(name: str) -> None:
    estimator = OWN[name]()
    info = model_info(estimator)
    assert info.known_by_row
    assert predict(estimator, FRAME, info).labels.tolist() == estimator.predict(FRAME).tolist()


def test_a_function_of_scikit_learns_that_looks_at_all_rows_is_not_known() -> None:
    estimator = fitted(make_pipeline(FunctionTransformer(scale), LogisticRegression()))
    assert not model_info(estimator).known_by_row


@pytest.mark.parametrize(
    "step",
    [Flipped(sparse_output=False), Blind(strategy="most_frequent"), "patched"],
    ids=["encoder", "imputer", "patched encoder"],
)
def test_a_schema_is_not_derived_from_a_class_whose_transform_is_another(step: Any) -> None:
    frame = pd.DataFrame({"port": ["S", "C", "Q", "S"] * 5, "age": range(20)})
    first = OneHotEncoder(sparse_output=False) if step == "patched" else step
    model = make_pipeline(
        make_column_transformer(
            (make_pipeline(first, OneHotEncoder(handle_unknown="ignore")), ["port"])
        ),
        LogisticRegression(),
    ).fit(frame, [0, 1] * 10)
    if step == "patched":
        inner = model.steps[0][1].named_transformers_["pipeline"].steps[0][1]
        patched(inner, "transform", mirrored)
    with pytest.raises(ModelError, match="cannot be seen"):
        derive_schema(model)


@pytest.mark.parametrize("kind", [Named, OneHotEncoder])
def test_a_subclass_that_computes_as_its_class_does_is_read_as_that(kind: Any) -> None:
    frame = pd.DataFrame({"port": ["S", "C", "Q", "S"] * 5})
    model = make_pipeline(
        make_column_transformer((kind(), ["port"]), (SimpleImputer(strategy="most_frequent"), [])),
        LogisticRegression(),
    ).fit(frame, [0, 1] * 10)
    assert derive_schema(model).columns[0].categories == ("C", "Q", "S")
