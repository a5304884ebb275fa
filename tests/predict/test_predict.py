from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from tests.chunk.estimators import Deciding, Recorder
from titanic_batch.errors import ModelError, UsageError
from titanic_batch.predict.base import ModelInfo, check_threshold
from titanic_batch.predict.sklearn_predictor import model_info, predict

GENERATOR = np.random.default_rng(3)
FRAME = pd.DataFrame({name: GENERATOR.normal(size=90) for name in "abc"})
BINARY = (FRAME["a"] + FRAME["b"] > 0).astype(int)
TARGETS: dict[str, pd.Series[Any]] = {
    "binary": BINARY,
    "strings": BINARY.map({0: "died", 1: "lived"}),
    "booleans": BINARY.astype(bool),
    "floats": BINARY.astype(float) + 1.0,
    "three": pd.Series(np.digitize(FRAME["c"], [-0.5, 0.5])),
    "three strings": pd.Series(np.digitize(FRAME["c"], [-0.5, 0.5])).map(dict(enumerate("xyz"))),
    "one class": pd.Series(np.ones(90, int)),
}
CLASSIFIERS: dict[str, Any] = {
    "logistic": LogisticRegression(),
    "forest": RandomForestClassifier(7, random_state=0),
    "extra trees": ExtraTreesClassifier(6, random_state=0),
    "boosting": HistGradientBoostingClassifier(max_iter=2, random_state=0),
    "neighbours": KNeighborsClassifier(4),
    "decision only": LinearSVC(random_state=0),
    "ridge": RidgeClassifier(),
    "calibrated": CalibratedClassifierCV(LogisticRegression(), cv=2),
}
SHAPES: dict[str, Any] = {
    "bare": lambda final: final,
    "pipeline": lambda final: make_pipeline(StandardScaler(), final),
    "nested": lambda final: make_pipeline(
        FunctionTransformer(), "passthrough", make_pipeline(StandardScaler(), final)
    ),
    "pandas inside": lambda final: make_pipeline(StandardScaler(), final).set_output(
        transform="pandas"
    ),
}


def assert_same_as_direct(estimator: Any, frame: Any) -> None:
    info = model_info(estimator)
    answers = predict(estimator, frame, info)
    assert answers.labels.tolist() == np.asarray(estimator.predict(frame)).reshape(-1).tolist()
    assert info.has_probability == hasattr(estimator, "predict_proba")
    if answers.probabilities is None:
        assert not info.has_probability
    else:
        assert answers.probabilities.tolist() == estimator.predict_proba(frame).tolist()


CASES = [
    *((name, target, "nested") for name in CLASSIFIERS for target in list(TARGETS)[:-1]),
    *((name, "strings", shape) for name in CLASSIFIERS for shape in SHAPES if shape != "nested"),
]


@pytest.mark.parametrize(("name", "target", "shape"), CASES)
def test_a_classifier_answers_as_it_does_when_asked_directly(
    name: str, target: str, shape: str
) -> None:
    estimator = SHAPES[shape](clone(CLASSIFIERS[name])).fit(FRAME, TARGETS[target])
    assert_same_as_direct(estimator, FRAME)
    assert_same_as_direct(estimator, FRAME.iloc[:1])


@pytest.mark.parametrize("final", [RandomForestClassifier(3), DummyClassifier()])
def test_a_classifier_of_one_class_answers_as_it_does_when_asked_directly(final: Any) -> None:
    assert_same_as_direct(final.fit(FRAME, TARGETS["one class"]), FRAME)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_regressor_answers_as_it_does_when_asked_directly(shape: str) -> None:
    for final in (LinearRegression(), RandomForestRegressor(5, random_state=0)):
        assert_same_as_direct(SHAPES[shape](final).fit(FRAME, FRAME["a"] * 3), FRAME)


def test_a_regressor_that_answers_with_a_column_is_flattened() -> None:
    estimator = LinearRegression().fit(FRAME, FRAME[["a"]])
    assert estimator.predict(FRAME).shape == (90, 1)
    assert_same_as_direct(estimator, FRAME)


@pytest.mark.parametrize("target", ["binary", "three strings"])
def test_ties_are_broken_as_predict_breaks_them(target: str) -> None:
    frame = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 20, "b": 0.0})
    labels = TARGETS[target].iloc[:80].tolist()
    for forest in (RandomForestClassifier, ExtraTreesClassifier):
        estimator = forest(2, random_state=1, max_depth=1).fit(frame, labels)
        assert_same_as_direct(estimator, frame)
    tied = HistGradientBoostingClassifier(max_iter=1).fit(frame, labels)
    assert_same_as_direct(tied, frame)


def test_the_preprocessing_runs_once_for_labels_and_probabilities() -> None:
    recorder = Recorder()
    estimator = Pipeline([("record", recorder), ("final", LogisticRegression())]).fit(FRAME, BINARY)
    seen = estimator.named_steps["record"].seen_
    seen.clear()
    predict(estimator, FRAME, model_info(estimator))
    assert len(seen) == 1


def test_a_pipeline_of_another_make_is_asked_as_a_whole() -> None:
    class Adjusted(Pipeline):  # type: ignore[misc]
        def predict(self, features: Any, **_: Any) -> Any:
            return np.full(len(features), "adjusted")

    estimator = Adjusted([("scale", StandardScaler()), ("final", LogisticRegression())])
    estimator.fit(FRAME, TARGETS["strings"])
    assert set(predict(estimator, FRAME, model_info(estimator)).labels) == {"adjusted"}


def test_a_threshold_of_the_models_own_is_kept() -> None:
    estimator = FixedThresholdClassifier(LogisticRegression(), threshold=0.9).fit(FRAME, BINARY)
    assert_same_as_direct(estimator, FRAME)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_a_threshold_takes_the_second_class_from_that_probability_on(threshold: float) -> None:
    frame = pd.DataFrame({"p": [0.0, 0.29, 0.3, 0.5, 0.51, 0.9, 1.0]})
    estimator = Deciding().fit(frame)
    labels = predict(estimator, frame, model_info(estimator), threshold).labels
    assert labels.tolist() == ["yes" if p >= threshold else "no" for p in frame["p"]]


@pytest.mark.parametrize(
    ("threshold", "info", "allowed"),
    [
        (None, ModelInfo(classes=None, has_probability=False, label_type=pa.float64()), True),
        (0.5, ModelInfo(classes=(0, 1), has_probability=True, label_type=pa.int64()), True),
        (1.5, ModelInfo(classes=(0, 1), has_probability=True, label_type=pa.int64()), False),
        (-0.1, ModelInfo(classes=(0, 1), has_probability=True, label_type=pa.int64()), False),
        (
            float("nan"),
            ModelInfo(classes=(0, 1), has_probability=True, label_type=pa.int64()),
            False,
        ),
        (0.5, ModelInfo(classes=(0, 1), has_probability=False, label_type=pa.int64()), False),
        (0.5, ModelInfo(classes=(0, 1, 2), has_probability=True, label_type=pa.int64()), False),
        (0.5, ModelInfo(classes=None, has_probability=False, label_type=pa.float64()), False),
    ],
)
def test_a_threshold_needs_a_binary_classifier_and_a_probability(
    threshold: float | None, info: ModelInfo, allowed: bool
) -> None:
    if allowed:
        check_threshold(threshold, info)
    else:
        with pytest.raises(UsageError, match="--threshold"):
            check_threshold(threshold, info)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("binary", pa.int64()),
        ("booleans", pa.bool_()),
        ("floats", pa.float64()),
        ("strings", pa.string()),
        ("three strings", pa.string()),
    ],
)
def test_labels_keep_their_type(target: str, kind: pa.DataType) -> None:
    info = model_info(LogisticRegression().fit(FRAME, TARGETS[target]))
    assert info.label_type == kind
    assert info.classes == tuple(sorted(set(TARGETS[target].tolist())))


def test_a_model_of_several_outputs_is_refused() -> None:
    two = np.column_stack([BINARY, 1 - BINARY])
    for estimator in (
        MultiOutputClassifier(LogisticRegression()).fit(FRAME, two),
        RandomForestClassifier(2).fit(FRAME, two),
    ):
        with pytest.raises(ModelError, match="several outputs"):
            model_info(estimator)
    regressor = LinearRegression().fit(FRAME, FRAME[["a", "b"]])
    with pytest.raises(ModelError, match="several outputs"):
        predict(regressor, FRAME, model_info(regressor))
    multilabel = KNeighborsClassifier().fit(FRAME, two)
    with pytest.raises(ModelError, match="several outputs"):
        predict(multilabel, FRAME, model_info(multilabel))
