"""Trees are asked about each distinct row once, and every row gets its own answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from titanic_batch.predict.distinct import distinct_rows
from titanic_batch.predict.sklearn_predictor import model_info, predict

GENERATOR = np.random.default_rng(11)
ROWS = 5_000
DRAWN = pd.DataFrame(
    {
        "age": GENERATOR.choice([*np.arange(1.0, 60.0), np.nan], ROWS),
        "fare": GENERATOR.normal(size=ROWS).round(1),
        "class": GENERATOR.integers(1, 4, ROWS),
        "alone": GENERATOR.integers(0, 2, ROWS).astype(bool),
    }
)
PORT = pd.Series(pd.Categorical(GENERATOR.choice(list("CQS"), ROWS)), name="port")
SHAPES: dict[str, Any] = {
    "frame": DRAWN,
    "array": DRAWN.to_numpy(np.float64),
    "columns first": np.asfortranarray(DRAWN.to_numpy(np.float32)),
}


@pytest.mark.parametrize("inputs", SHAPES.values(), ids=SHAPES)
def test_no_row_is_asked_about_twice_and_none_is_left_out(inputs: Any) -> None:
    found = distinct_rows(inputs)
    assert found is not None
    rows, answers = found
    values = pd.DataFrame(inputs).astype(float)
    # An age that is not known is never the same as another: numpy's own view of NaN.
    known = values.iloc[:, 0].notna()
    assert len(rows) == len(values[known].drop_duplicates()) + (~known).sum()
    pd.testing.assert_frame_equal(values.iloc[rows[answers]].reset_index(drop=True), values)


def test_rows_are_sorted_by_the_column_with_the_fewest_values_first() -> None:
    found = distinct_rows(DRAWN)
    assert found is not None
    assert DRAWN["alone"].iloc[found[0]].is_monotonic_increasing


def test_rows_with_anything_but_numbers_are_all_asked_about() -> None:
    found = distinct_rows(pd.concat([DRAWN, PORT], axis=1))
    assert found is not None
    assert sorted(found[0].tolist()) == list(range(ROWS))


@pytest.mark.parametrize(
    "inputs", [DRAWN.iloc[:3], PORT.to_frame(), DRAWN.astype(object).to_numpy()]
)
def test_what_is_short_or_holds_no_numbers_is_asked_about_as_it_comes(inputs: Any) -> None:
    assert distinct_rows(inputs) is None


def test_what_is_wide_is_asked_about_as_it_comes() -> None:
    assert distinct_rows(np.zeros((ROWS, 65))) is None


def test_rows_of_continuous_columns_are_all_asked_about_sorted_by_one_of_them() -> None:
    inputs = GENERATOR.normal(size=(ROWS, 5))
    found = distinct_rows(inputs)
    assert found is not None
    assert sorted(found[0].tolist()) == list(range(ROWS))
    assert any((np.diff(inputs[found[0], at]) > 0).all() for at in range(5))


def test_a_model_of_few_trees_is_asked_as_rows_come(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def noted(inputs: Any) -> None:
        asked.append(len(inputs))

    monkeypatch.setattr("titanic_batch.predict.distinct.distinct_rows", noted)
    target = (DRAWN["fare"] > 0).astype(int)
    for estimator, sorts in (
        (DecisionTreeClassifier(max_depth=5), False),
        (RandomForestClassifier(19), False),
        (RandomForestClassifier(20), True),
        (HistGradientBoostingClassifier(max_iter=19), False),
        (HistGradientBoostingClassifier(max_iter=20), True),
    ):
        asked.clear()
        estimator.fit(DRAWN, target)
        predict(estimator, DRAWN, model_info(estimator))
        assert bool(asked) == sorts


@pytest.mark.parametrize("shape", [*SHAPES, "with categories"])
@pytest.mark.parametrize(
    "estimator",
    [
        HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype"),
        RandomForestClassifier(20, random_state=0),
        ExtraTreesRegressor(20, random_state=0),
    ],
)
def test_answers_are_the_same_as_when_asked_directly(estimator: Any, shape: str) -> None:
    inputs = SHAPES.get(shape, pd.concat([DRAWN, PORT], axis=1))
    if shape == "with categories" and not isinstance(estimator, HistGradientBoostingClassifier):
        inputs = DRAWN.assign(port=PORT.cat.codes)
    target = (DRAWN["fare"] + DRAWN["class"] > 2).astype(int)
    estimator.fit(inputs, target)
    info = model_info(estimator)
    assert info.independent_rows
    answers = predict(estimator, inputs, info)
    assert answers.labels.tolist() == estimator.predict(inputs).tolist()
    if answers.probabilities is not None:
        assert answers.probabilities.tolist() == estimator.predict_proba(inputs).tolist()
