"""What is compiled predicts as scikit-learn does; what is not says why."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.predict.compiled.models import (
    NUMBERS,
    TEXTS,
    Compiled,
    compiled,
    merged_plan,
    odd_rows,
    passengers,
    targets,
)
from titanic_batch.predict.compiled.compile.walk import NotCompilableError
from titanic_batch.predict.compiled.plan import CategoryInput, Trees
from titanic_batch.predict.compiled.predictor import run_plan
from titanic_batch.schema.derive import derive_schema
from titanic_batch.training.learn_schema import learn_schema

FRAME = passengers(400)

ESTIMATORS: dict[str, tuple[Any, int]] = {
    "logistic": (LogisticRegression(max_iter=300), 2),
    "logistic, three": (LogisticRegression(max_iter=300), 3),
    "sgd": (SGDClassifier(loss="log_loss", random_state=0), 2),
    "sgd, three": (SGDClassifier(loss="log_loss", random_state=0), 3),
    "sgd, hinge": (SGDClassifier(random_state=0), 3),
    "linear svc": (LinearSVC(), 2),
    "linear svc, three": (LinearSVC(), 3),
    "linear": (LinearRegression(), 1),
    "ridge": (Ridge(), 1),
    "lasso": (Lasso(0.01), 1),
    "elastic net": (ElasticNet(0.01), 1),
    "sgd regressor": (SGDRegressor(random_state=0), 1),
    "tree": (DecisionTreeClassifier(max_depth=5, random_state=0), 3),
    "deep tree": (DecisionTreeClassifier(random_state=0), 2),
    "tree regressor": (DecisionTreeRegressor(max_depth=6, random_state=0), 1),
    "forest": (RandomForestClassifier(9, random_state=0), 2),
    "forest, three": (RandomForestClassifier(7, max_depth=4, random_state=0), 3),
    "forest regressor": (RandomForestRegressor(5, max_depth=6, random_state=0), 1),
    "extra trees": (ExtraTreesClassifier(6, random_state=0), 2),
    "extra trees regressor": (ExtraTreesRegressor(4, max_depth=5, random_state=0), 1),
    "boosting": (GradientBoostingClassifier(n_estimators=8, random_state=0), 2),
    "boosting, three": (GradientBoostingClassifier(n_estimators=5, random_state=0), 3),
    "boosting, exponential": (
        GradientBoostingClassifier(loss="exponential", n_estimators=6, random_state=0),
        2,
    ),
    "boosting from zero": (
        GradientBoostingClassifier(init="zero", n_estimators=6, random_state=0),
        2,
    ),
    "boosting regressor": (GradientBoostingRegressor(n_estimators=9, random_state=0), 1),
    "histogram": (HistGradientBoostingClassifier(max_iter=8, random_state=0), 2),
    "histogram, three": (HistGradientBoostingClassifier(max_iter=4, random_state=0), 3),
    "histogram regressor": (HistGradientBoostingRegressor(max_iter=8, random_state=0), 1),
}

NUMBER_STEPS: dict[str, Any] = {
    "standard": make_pipeline(SimpleImputer(), StandardScaler()),
    "standard, without mean": make_pipeline(SimpleImputer(), StandardScaler(with_mean=False)),
    "standard, without std": make_pipeline(SimpleImputer(), StandardScaler(with_std=False)),
    "scaled, then filled": make_pipeline(StandardScaler(), SimpleImputer(strategy="median")),
    "min max": make_pipeline(SimpleImputer(strategy="median"), MinMaxScaler((-1, 3))),
    "min max, clipped": make_pipeline(
        SimpleImputer(strategy="constant", fill_value=-1), MinMaxScaler(clip=True)
    ),
    "max abs": make_pipeline(SimpleImputer(strategy="most_frequent"), MaxAbsScaler()),
    "robust": make_pipeline(SimpleImputer(), RobustScaler()),
    "robust, scaled only": make_pipeline(SimpleImputer(), RobustScaler(with_centering=False)),
    "with indicator": make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()),
    "as they are": SimpleImputer(strategy="constant"),
    "as pandas": make_pipeline(SimpleImputer(), StandardScaler()).set_output(transform="pandas"),
}

TEXT_STEPS: dict[str, Any] = {
    "ignored": OneHotEncoder(handle_unknown="ignore"),
    "dense": OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    "first dropped": OneHotEncoder(drop="first", handle_unknown="ignore"),
    "binary dropped": OneHotEncoder(drop="if_binary", handle_unknown="ignore"),
    "infrequent": OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.2),
    "few": OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=2),
    "strict": OneHotEncoder(),
    "filled": make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    ),
    "filled with a text": make_pipeline(
        SimpleImputer(strategy="constant", fill_value="none"),
        OneHotEncoder(handle_unknown="ignore"),
    ),
    "ordinal": OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    ),
    "ordinal, strict": OrdinalEncoder(encoded_missing_value=9),
    "scaled": make_pipeline(
        OneHotEncoder(handle_unknown="ignore", sparse_output=False), StandardScaler()
    ),
}


def pipeline(numbers: Any, texts: Any, last: Any) -> Any:
    columns = ColumnTransformer(
        [("numbers", clone(numbers), NUMBERS), ("texts", clone(texts), TEXTS)],
        sparse_threshold=0,
    )
    return make_pipeline(columns, clone(last))


def fitted(estimator: Any, classes: int = 2, frame: pd.DataFrame = FRAME) -> Compiled:
    return compiled(estimator.fit(frame, targets(frame, classes)))


def assert_equal(one: Compiled) -> None:
    decided = one.assert_equal_on(odd_rows(one))
    assert decided > 0
    one.proof()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_compiled_estimator_predicts_as_scikit_learn(name: str) -> None:
    last, classes = ESTIMATORS[name]
    assert_equal(fitted(pipeline(NUMBER_STEPS["standard"], TEXT_STEPS["filled"], last), classes))


@pytest.mark.parametrize("last", [LogisticRegression(max_iter=300), DecisionTreeClassifier()])
@pytest.mark.parametrize(("numbers", "texts"), list(zip(NUMBER_STEPS, TEXT_STEPS, strict=True)))
def test_numbers_and_categories_reach_the_model_as_in_scikit_learn(
    numbers: str, texts: str, last: Any
) -> None:
    assert_equal(fitted(pipeline(NUMBER_STEPS[numbers], TEXT_STEPS[texts], last)))


def test_rows_on_which_scikit_learn_raises_are_left_to_it() -> None:
    one = fitted(pipeline(NUMBER_STEPS["standard"], OneHotEncoder(), LogisticRegression()))
    rows = passengers(4, nulls=0.0)
    rows.loc[1, "port"] = "elsewhere"
    assert run_plan(one.plan, one.columns(rows)).undecided.tolist() == [1]
    with pytest.raises(ValueError, match="unknown categories"):
        one.predict(one.columns(rows))


@pytest.mark.parametrize(
    "last",
    [
        HistGradientBoostingClassifier(max_iter=8, random_state=0),
        RandomForestClassifier(8, random_state=0),
        DecisionTreeClassifier(random_state=0),
        ExtraTreesClassifier(5, random_state=0),
    ],
    ids=lambda last: type(last).__name__,
)
def test_models_that_take_nulls_are_given_them(last: Any) -> None:
    assert_equal(fitted(pipeline(StandardScaler(), TEXT_STEPS["ignored"], last)))


def test_nulls_that_a_forest_never_met_in_training_go_where_it_sends_them() -> None:
    frame = FRAME[NUMBERS].fillna(1.0)
    one = compiled(RandomForestClassifier(5, random_state=0).fit(frame, targets(FRAME, 2)))
    assert_equal(one)


@pytest.mark.parametrize("how", ["from_dtype", "by name", "by index"])
def test_native_categories_of_histogram_boosting(how: str) -> None:
    frame = FRAME.assign(**{name: FRAME[name].astype("category") for name in TEXTS})
    chosen: Any = "from_dtype" if how == "from_dtype" else TEXTS
    if how == "by index":
        chosen = [list(frame).index(name) for name in TEXTS]
    model = HistGradientBoostingClassifier(
        max_iter=12, max_leaf_nodes=9, categorical_features=chosen, random_state=0
    )
    assert_equal(fitted(model, 3, frame))


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_losses_with_a_logarithm(loss: str) -> None:
    model = HistGradientBoostingRegressor(loss=loss, max_iter=8, random_state=0)
    frame = FRAME[NUMBERS]
    assert_equal(compiled(model.fit(frame, np.exp(targets(FRAME, 1)))))


def test_columns_may_come_in_another_order_nested_and_passed_through() -> None:
    inner = ColumnTransformer([("scale", RobustScaler(), ["fare"])], remainder="passthrough")
    columns = ColumnTransformer(
        [
            ("texts", OneHotEncoder(handle_unknown="ignore"), ["sex", "port"]),
            (
                "numbers",
                make_pipeline(SimpleImputer().set_output(transform="pandas"), inner),
                ["sibs", "fare"],
            ),
            ("nothing", "drop", ["sibs"]),
        ],
        remainder=SimpleImputer(),
        sparse_threshold=0,
    )
    assert_equal(fitted(make_pipeline(columns, DecisionTreeClassifier(max_depth=6))))


def test_columns_may_be_chosen_by_type() -> None:
    columns = ColumnTransformer(
        [("numbers", SimpleImputer(), make_column_selector(dtype_include="number"))]
    )
    assert_equal(fitted(make_pipeline(columns, DecisionTreeClassifier(max_depth=6))))


def test_columns_of_get_dummies() -> None:
    def wide(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.get_dummies(frame.fillna({"age": 30, "fare": 9, "sibs": 0}), columns=TEXTS)

    train, rows = wide(FRAME), wide(passengers(300, 5))
    model = RandomForestClassifier(6, random_state=0).fit(train, targets(FRAME, 2))
    for one in (compiled(model), compiled(model, learn_schema_of(model, train))):
        one.proof()
        assert one.assert_equal_on(rows) == len(rows)


def learn_schema_of(model: Any, frame: pd.DataFrame) -> Any:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.csv"
        frame.assign(target=0).to_csv(path, index=False)
        return learn_schema(model, path, "target")


def test_a_bare_array() -> None:
    rows = FRAME[NUMBERS].fillna(3.0).to_numpy()
    model = make_pipeline(StandardScaler(), GradientBoostingClassifier(n_estimators=5))
    model.fit(rows, targets(FRAME, 2))
    one = compiled(model, derive_schema(model, features=NUMBERS))
    assert not one.schema.named
    assert_equal(one)


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [1.0, 2.0], [-7, 12]])
def test_labels_of_any_type(labels: list[Any]) -> None:
    model = pipeline(NUMBER_STEPS["standard"], TEXT_STEPS["filled"], LogisticRegression())
    values = np.array(labels)[targets(FRAME, 2)]
    one = compiled(model.fit(FRAME, values))
    assert_equal(one)
    found = run_plan(one.plan, one.columns(passengers(50, 3))).labels
    assert found.dtype == one.estimator.classes_.dtype


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_a_threshold(threshold: float) -> None:
    one = fitted(
        pipeline(
            NUMBER_STEPS["standard"],
            TEXT_STEPS["filled"],
            RandomForestClassifier(10, random_state=0),
        )
    )
    columns = one.columns(passengers(300, 4))
    wanted = one.estimator.predict_proba(one.model_input(columns))[:, 1] >= threshold
    assert one.predict(columns, threshold).labels.tolist() == wanted.astype(int).tolist()


def test_ties_are_broken_as_scikit_learn_does() -> None:
    frame = pd.DataFrame({"a": [0.0, 0.0, 0.0, 0.0, 1.0, 1.0], "b": [0.0] * 6})
    for labels in ([0, 1, 2, 2, 0, 1], [2, 1, 0, 0, 1, 2]):
        model = DecisionTreeClassifier().fit(frame, labels)
        one = compiled(model)
        rows = pd.DataFrame({"a": [0.0, 1.0], "b": [5.0, -5.0]})
        found = one.predict(one.columns(rows)).labels
        assert found.tolist() == model.predict(rows).tolist()


def test_a_linear_tie_goes_to_scikit_learn() -> None:
    frame = pd.DataFrame({"a": [-1.0, 1.0] * 20})
    model = LogisticRegression(fit_intercept=False).fit(frame, [0, 1] * 20)
    one = compiled(model)
    rows = pd.DataFrame({"a": [0.0, 1e-12, 1.0]})
    assert run_plan(one.plan, one.columns(rows)).undecided.tolist() == [0, 1]
    assert one.predict(one.columns(rows)).labels.tolist() == model.predict(rows).tolist()


def test_a_falling_step() -> None:
    for last in (LogisticRegression(), DecisionTreeClassifier(max_depth=5)):
        frame = FRAME[NUMBERS].fillna(0.0)
        model = make_pipeline(StandardScaler(), clone(last)).fit(frame, targets(FRAME, 2))
        model[0].scale_ = -model[0].scale_
        assert_equal(compiled(model))


def test_constant_columns_and_trees_of_one_leaf() -> None:
    frame = FRAME[NUMBERS].assign(sibs=4.0).fillna(1.0)
    one = make_pipeline(StandardScaler(), RandomForestClassifier(3)).fit(frame, [0, 1] * 200)
    assert_equal(compiled(one))
    stumps = RandomForestRegressor(3, min_samples_leaf=200).fit(frame, targets(FRAME, 1))
    assert compiled(stumps).assert_equal_on(frame) == len(frame)
    lone = DecisionTreeClassifier(max_leaf_nodes=None, min_samples_split=2.0 * 1).set_params(
        min_samples_split=401
    )
    assert compiled(lone.fit(frame, targets(FRAME, 2))).assert_equal_on(frame) == len(frame)


def test_numbers_beyond_float32_are_left_to_scikit_learn_where_it_raises() -> None:
    frame = FRAME[NUMBERS].fillna(1.0)
    rows = pd.DataFrame({"age": [1e38, 3.5e38, -3.5e38, -0.0], "fare": 1.0, "sibs": 2.0})
    forest = compiled(RandomForestClassifier(5).fit(frame, targets(FRAME, 2)))
    assert run_plan(forest.plan, forest.columns(rows)).undecided.tolist() == [1, 2]
    boosted = compiled(HistGradientBoostingClassifier(max_iter=3).fit(frame, targets(FRAME, 2)))
    assert run_plan(boosted.plan, boosted.columns(rows)).undecided.tolist() == []
    assert boosted.assert_equal_on(rows) == len(rows)


def test_a_number_that_is_a_category() -> None:
    frame = FRAME[["sibs", "age"]].fillna({"sibs": 0.0, "age": 30.0}).astype({"sibs": "int64"})
    columns = ColumnTransformer(
        [("kind", OneHotEncoder(handle_unknown="ignore"), ["sibs"])], remainder="passthrough"
    )
    one = compiled(make_pipeline(columns, LogisticRegression()).fit(frame, targets(FRAME, 2)))
    assert any(isinstance(given, CategoryInput) for given in one.plan.inputs)
    rows = frame.assign(sibs=np.arange(len(frame)) % 9)
    assert one.assert_equal_on(rows) == len(rows)


class _Own(LogisticRegression):  # type: ignore[misc]
    pass


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (make_pipeline(PolynomialFeatures(), LinearSVC()), "PolynomialFeatures"),
        (make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()), "FunctionTransf"),
        (DummyClassifier(), "DummyClassifier is not compiled"),
        (_Own(), "is not scikit-learn's own"),
        (GradientBoostingClassifier(init=LogisticRegression(), n_estimators=2), "its init is an"),
    ],
    ids=["step", "function", "last step", "subclass", "init"],
)
def test_what_is_not_compiled_says_why(model: Any, why: str) -> None:
    frame = FRAME[NUMBERS].fillna(1.0).abs()
    with pytest.raises(NotCompilableError, match=why):
        compiled(model.fit(frame, targets(FRAME, 2)))


def test_an_instance_with_a_method_of_its_own_is_not_compiled() -> None:
    frame = FRAME[NUMBERS].fillna(1.0)
    model = LogisticRegression().fit(frame, targets(FRAME, 2))
    schema = derive_schema(model)
    model.predict = functools.partial(np.sign)
    with pytest.raises(NotCompilableError, match="is not scikit-learn's own"):
        compiled(model, schema)


def test_a_forest_past_the_tables_limit_is_not_compiled() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(4_000, 3)), columns=NUMBERS)
    model = RandomForestRegressor(3, random_state=0).fit(frame, frame.sum(axis=1))
    with pytest.raises(NotCompilableError, match="too many leaves"):
        compiled(model)


@pytest.mark.parametrize("name", ["forest, three", "boosting, three", "histogram", "logistic"])
def test_a_row_is_predicted_alike_whatever_is_beside_it(name: str) -> None:
    last, classes = ESTIMATORS[name]
    one = fitted(pipeline(NUMBER_STEPS["standard"], TEXT_STEPS["filled"], last), classes)
    plan = merged_plan(one.plan)
    columns = one.columns(odd_rows(one, 5_000))
    whole = run_plan(plan, columns)
    order = np.random.default_rng(0).permutation(5_000)
    mixed = run_plan(plan, [column[order] for column in columns])
    assert whole.probabilities is not None
    assert mixed.probabilities is not None
    assert mixed.probabilities.tobytes() == whole.probabilities[order].tobytes()
    for start, stop in ((0, 1), (1, 3), (3, 70), (70, 5_000)):
        part = run_plan(plan, [column[start:stop] for column in columns])
        assert part.probabilities is not None
        assert part.probabilities.tobytes() == whole.probabilities[start:stop].tobytes()


@pytest.mark.parametrize("name", ["forest, three", "boosting, three", "histogram"])
def test_merged_tables_say_the_same(name: str) -> None:
    last, classes = ESTIMATORS[name]
    one = fitted(pipeline(NUMBER_STEPS["standard"], TEXT_STEPS["filled"], last), classes)
    plan = merged_plan(one.plan)
    assert isinstance(plan.body, Trees)
    assert isinstance(one.plan.body, Trees)
    assert len(plan.body.tables) < len(one.plan.body.tables)
    columns = one.columns(odd_rows(one))
    found, wanted = run_plan(plan, columns), run_plan(one.plan, columns)
    assert found.labels.tolist() == wanted.labels.tolist()
    assert found.probabilities is not None
    assert wanted.probabilities is not None
    assert found.probabilities.tobytes() == wanted.probabilities.tobytes()
