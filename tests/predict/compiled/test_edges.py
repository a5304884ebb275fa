"""Where numbers end, where nulls alone go, and where nothing decides: as in scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.predict.compiled.models import NUMBERS, compiled, merged_plan, passengers, targets
from titanic_batch.predict.compiled.compile.walk import NotCompilableError
from titanic_batch.predict.compiled.plan import Trees
from titanic_batch.predict.compiled.predictor import run_plan

FRAME = passengers(400)
FULL = FRAME[NUMBERS].fillna(1.0)
TARGETS = targets(FRAME, 2)


def test_a_booster_of_one_tree_whose_leaf_is_zero_takes_the_second_class() -> None:
    frame = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 10})
    model = GradientBoostingClassifier(init="zero", n_estimators=1)
    one = compiled(model.fit(frame, [0, 1, 1, 1] * 10))
    rows = pd.DataFrame({"a": [0.0, 1.0, 0.5]})
    assert one.estimator.predict(rows).tolist() == [1, 1, 1]
    assert run_plan(one.plan, one.columns(rows)).undecided.tolist() == [0, 2]
    assert one.predict(one.columns(rows)).labels.tolist() == [1, 1, 1]


def test_a_threshold_on_the_probability_of_a_boosters_leaf() -> None:
    frame = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 10})
    model = GradientBoostingClassifier(init="zero", n_estimators=1, random_state=0)
    one = compiled(model.fit(frame, [0, 0, 1, 0] * 10))
    rows = pd.DataFrame({"a": [0.0, 1.0]})
    for threshold in model.predict_proba(rows)[:, 1]:
        found = run_plan(one.plan, one.columns(rows), float(threshold))
        assert len(found.undecided) > 0


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingClassifier(max_iter=5, random_state=0),
        RandomForestClassifier(5, random_state=0),
        make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
    ],
    ids=["histogram", "forest", "logistic"],
)
def test_infinities_are_scikit_learns(model: Any) -> None:
    one = compiled(model.fit(FRAME[NUMBERS], TARGETS))
    columns = [np.array([np.inf, 3.0, -np.inf]), np.full(3, 1.0), np.full(3, 2.0)]
    assert run_plan(one.plan, columns).undecided.tolist() == [0, 2]


@pytest.mark.parametrize(
    "model", [DecisionTreeClassifier(random_state=0), HistGradientBoostingClassifier(max_iter=9)]
)
def test_zeros_of_both_signs_and_the_floats_around_them(model: Any) -> None:
    near = np.array([-5e-324, -0.0, 0.0, 5e-324, -1e-310, 1e-310, -1e-30, 1e-30])
    frame = pd.DataFrame({"a": np.tile(near, 50), "b": np.repeat(near, 50)})
    model.fit(frame, np.random.default_rng(0).integers(0, 2, len(frame)))
    one = compiled(model)
    assert one.assert_equal_on(frame) > 0.9 * len(frame)
    one.proof()


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=1, random_state=0),
        ExtraTreesRegressor(10, random_state=0),
        DecisionTreeRegressor(random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_leaves_that_only_nulls_reach(model: Any) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.integers(0, 3, 300) * 1.0, "b": random.normal(size=300)})
    frame.loc[random.random(300) < 0.5, "a"] = np.nan
    wanted = np.where(frame["a"].isna(), 50.0, 0.0) + (frame["a"] == 1.0) + frame["b"]
    one = compiled(model.fit(frame, wanted))
    rows = pd.DataFrame({"a": [np.nan, 0.0, 1.0, 2.0, 1.5, -9.0] * 20, "b": np.tile(0.1, 120)})
    assert one.assert_equal_on(rows) == len(rows)
    one.proof()


@pytest.mark.parametrize("last", [LinearRegression(), DecisionTreeRegressor(max_depth=6)])
def test_one_column_that_comes_to_the_model_in_several_shapes(last: Any) -> None:
    columns = ColumnTransformer(
        [
            ("scaled", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("again", SimpleImputer(strategy="constant", fill_value=-7.0), NUMBERS),
            ("raw", SimpleImputer(add_indicator=True), ["age"]),
        ]
    )
    one = compiled(make_pipeline(columns, last).fit(FRAME, targets(FRAME, 1)))
    rows = passengers(500, 8, nulls=0.3)
    assert one.assert_equal_on(rows) == len(rows)
    one.proof()


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
def test_nulls_in_a_column_that_was_whole_numbers_in_training(strategy: str) -> None:
    train = pd.DataFrame({"a": np.arange(301) % 4, "b": np.arange(301) % 7})
    imputer = SimpleImputer(strategy=strategy, fill_value=2 if strategy == "constant" else None)
    labels = (train["a"] + train["b"]) % 2
    one = compiled(make_pipeline(imputer, DecisionTreeClassifier()).fit(train, labels))
    rows = pd.DataFrame({"a": [np.nan, 1.0, 3.0, np.nan], "b": [2.0, np.nan, 6.0, np.nan]})
    found = run_plan(one.plan, one.columns(rows))
    assert not len(found.undecided)
    assert found.labels.tolist() == one.estimator.predict(rows).tolist()


def test_booleans_and_whole_numbers_that_are_categories() -> None:
    frame = pd.DataFrame({"kind": np.arange(200) % 5, "alone": np.arange(200) % 3 == 0})
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    one = compiled(model.fit(frame, frame["alone"] ^ (frame["kind"] > 2)))
    rows = frame.assign(kind=np.arange(200) % 8)
    assert one.assert_equal_on(rows) == len(rows)


def test_an_encoder_that_warns_of_the_unknown() -> None:
    encoder = OneHotEncoder(handle_unknown="warn", min_frequency=0.2, sparse_output=False)
    frame = FRAME[["port", "sex"]].fillna("S")
    rows = frame.assign(port=np.where(np.arange(400) % 3 == 0, "elsewhere", frame["port"]))
    with warnings.catch_warnings(action="ignore"):
        one = compiled(make_pipeline(encoder, LogisticRegression()).fit(frame, TARGETS))
        assert one.assert_equal_on(rows) == len(rows)


def test_no_rows_are_no_fault() -> None:
    for model in (LogisticRegression(), DecisionTreeClassifier()):
        one = compiled(model.fit(FULL, TARGETS))
        found = run_plan(one.plan, one.columns(FULL.iloc[:0]))
        assert len(found.labels) == len(found.undecided) == 0


def test_a_value_is_doubted_where_its_terms_cancel() -> None:
    model = Ridge().fit(FULL, targets(FRAME, 1))
    model.coef_ = np.array([1e9, -1e9, 0.0])
    one = compiled(model)
    rows = pd.DataFrame({"age": [1e6 + 0.1, 0.0], "fare": [1e6, 0.0], "sibs": 0.0})
    assert run_plan(one.plan, one.columns(rows)).undecided.tolist() == [0]


def test_what_a_plan_does_not_look_at_may_be_anything() -> None:
    frame = FULL.assign(name="Mr. Somebody")
    columns = ColumnTransformer([("numbers", "passthrough", ["age"])])
    one = compiled(make_pipeline(columns, DecisionTreeClassifier(max_depth=3)).fit(frame, TARGETS))
    assert [given.column for given in one.plan.inputs] == [one.schema.names.index("age")]
    one.proof()


@pytest.mark.parametrize(
    ("model", "labels", "why"),
    [
        (Ridge(), np.zeros((400, 2)), "it predicts several outputs"),
        (DecisionTreeRegressor(), np.zeros((400, 2)), "it predicts several outputs"),
        (MultiOutputRegressor(Ridge()), np.zeros((400, 2)), "MultiOutputRegressor is not compiled"),
        (
            SGDClassifier(loss="modified_huber"),
            TARGETS,
            "its loss, modified_huber, is not compiled",
        ),
        (DecisionTreeClassifier(), np.zeros(400), "it knows one class only"),
        (RandomForestClassifier(2), np.zeros(400), "it knows one class only"),
    ],
    ids=["outputs", "tree's outputs", "wrapped", "loss", "one class", "forest of one class"],
)
def test_what_is_not_compiled_says_why(model: Any, labels: Any, why: str) -> None:
    with pytest.raises(NotCompilableError, match=f"^{why}$"):
        compiled(model.fit(FULL, labels))


def test_a_lone_big_tree_is_compiled_and_a_too_large_one_is_not() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(16_000, 3)), columns=NUMBERS)
    labels = random.integers(0, 2, len(frame))
    some = frame[:4_000]
    one = compiled(DecisionTreeClassifier(random_state=0).fit(some, labels[:4_000]))
    assert isinstance(one.plan.body, Trees)
    assert one.plan.body.tables[0].masks.shape[1] > 16
    assert one.assert_equal_on(some) == len(some)
    with pytest.raises(NotCompilableError, match=r"^its trees have too many leaves$"):
        compiled(DecisionTreeClassifier(random_state=0).fit(frame, labels))


def test_tables_that_would_be_too_large_are_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    from titanic_batch.predict.compiled.compile import trees

    model = RandomForestClassifier(20, random_state=0).fit(FULL, TARGETS)
    body = compiled(model).plan.body
    assert isinstance(body, Trees)
    monkeypatch.setattr(trees, "_MOST_BYTES", sum(t.masks.nbytes for t in body.tables) // 2)
    monkeypatch.setattr(trees, "leaf_paths", None)
    with pytest.raises(
        NotCompilableError, match=r"^its trees have too many thresholds and leaves$"
    ):
        compiled(model)


@pytest.mark.parametrize("name", ["decision", "value", "exp", "many trees"])
def test_a_row_is_predicted_alike_alone(name: str) -> None:
    """The other links are held to this in test_coverage."""
    model: Any = {
        "decision": SGDClassifier(random_state=0),
        "value": Ridge(),
        "exp": HistGradientBoostingRegressor(loss="poisson", max_iter=9),
        "many trees": RandomForestClassifier(150, max_depth=3, random_state=0),
    }[name]
    wanted = TARGETS if hasattr(model, "predict_proba") or name == "decision" else TARGETS + 1.0
    one = compiled(model.fit(FULL, wanted))
    rows = passengers(6_000, 3, nulls=0.0)
    columns = one.columns(rows)
    for plan in (one.plan, merged_plan(one.plan)):
        whole = run_plan(plan, columns)
        order = np.random.default_rng(0).permutation(len(rows))
        mixed = run_plan(plan, [column[order] for column in columns])
        alone = run_plan(plan, [column[11:12] for column in columns])
        assert mixed.labels.tobytes() == whole.labels[order].tobytes()
        assert alone.labels.tobytes() == whole.labels[11:12].tobytes()
