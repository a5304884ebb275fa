"""The sweep: every classifier and regressor of scikit-learn scores as when asked directly."""

from __future__ import annotations

import inspect
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators

from tests.amount import some
from tests.estimators.passengers import (
    RAW,
    assert_same_as_direct,
    dump,
    encoder,
    passengers,
    quietly_fit,
    score,
    train,
)
from titanic_batch.errors import ModelError

SEVERAL = "predicts several targets at once, and an output file has one prediction"
SKIPPED_CLASSIFIERS = {"ClassifierChain": SEVERAL, "MultiOutputClassifier": SEVERAL}
SKIPPED_REGRESSORS = dict.fromkeys(
    [
        "MultiOutputRegressor",
        "MultiTaskElasticNet",
        "MultiTaskElasticNetCV",
        "MultiTaskLasso",
        "MultiTaskLassoCV",
        "RegressorChain",
    ],
    SEVERAL,
)
BINARY_ONLY = dict.fromkeys(
    ["FixedThresholdClassifier", "TunedThresholdClassifierCV"], "takes two classes only"
)
ROWS = 200


def found(kind: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # modules that scikit-learn itself is about to drop
        return dict(all_estimators(kind))


CLASSIFIERS, REGRESSORS = found("classifier"), found("regressor")

#: What cannot do without, and what keeps the slow ones quick.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "FixedThresholdClassifier": {"estimator": LogisticRegression(), "threshold": 0.7},
    "TunedThresholdClassifierCV": {"estimator": LogisticRegression(), "cv": 2},
    "OneVsOneClassifier": {"estimator": LogisticRegression()},
    "OneVsRestClassifier": {"estimator": LogisticRegression()},
    "OutputCodeClassifier": {"estimator": LogisticRegression()},
    "SelfTrainingClassifier": {"estimator": DecisionTreeClassifier(max_depth=3)},
    "StackingClassifier": {
        "estimators": [("tree", DecisionTreeClassifier(max_depth=2)), ("l", LogisticRegression())],
        "cv": 2,
    },
    "VotingClassifier": {
        "estimators": [("tree", DecisionTreeClassifier(max_depth=2)), ("l", LogisticRegression())],
        "voting": "soft",
    },
    "StackingRegressor": {
        "estimators": [("tree", DecisionTreeRegressor(max_depth=2)), ("l", LinearRegression())],
        "cv": 2,
    },
    "VotingRegressor": {
        "estimators": [("tree", DecisionTreeRegressor(max_depth=2)), ("l", LinearRegression())]
    },
    "RadiusNeighborsClassifier": {"radius": 9.0},
    "RadiusNeighborsRegressor": {"radius": 9.0},
    "NuSVC": {"nu": 0.1},
    "QuadraticDiscriminantAnalysis": {"reg_param": 0.1},
    "LogisticRegressionCV": {"Cs": 2},
    "OrthogonalMatchingPursuitCV": {"max_iter": 5},
    "IsotonicRegression": {"out_of_bounds": "clip"},
    "CCA": {"n_components": 1},
    "PLSCanonical": {"n_components": 1},
    "PLSRegression": {"n_components": 1},
    "MLPClassifier": {"hidden_layer_sizes": (8,)},
    "MLPRegressor": {"hidden_layer_sizes": (8,)},
    "TheilSenRegressor": {"max_subpopulation": 50},
    "GaussianProcessClassifier": {"optimizer": None},
    "GaussianProcessRegressor": {"optimizer": None},
}
QUICK = {"n_estimators": 5, "max_iter": 20, "random_state": 0, "cv": 2}
SLOW_TO_CONVERGE = {"RidgeClassifier", "SVC", "NuSVC", "LinearSVC"}


def make(name: str, kind: Any) -> Any:
    arguments = dict(ARGUMENTS.get(name, {}))
    for parameter, value in QUICK.items():
        if parameter in inspect.signature(kind).parameters and name not in SLOW_TO_CONVERGE:
            arguments.setdefault(parameter, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(**arguments)


def encoder_for(name: str, columns: list[str]) -> Any:
    if name == "CategoricalNB":  # takes nothing but codes
        codes = [column for column in ("Sex", "Pclass", "Embarked") if column in columns]
        return ColumnTransformer([("codes", OrdinalEncoder(), codes)])
    if name == "IsotonicRegression":  # takes one column
        return ColumnTransformer([("age", SimpleImputer(), ["Age"])])
    return encoder(columns)


def sweep(name: str, kind: Any, columns: list[str], target: Any, folder: Path) -> None:
    features = train()[columns].iloc[:ROWS]
    model = make_pipeline(encoder_for(name, columns), make(name, kind))
    quietly_fit(model, features, target.iloc[:ROWS])
    manifest, scored = score(folder, **dump(model, folder / "best_model.pkl"))
    assert (manifest.rows.read, manifest.rows.scored, manifest.rows.rejected) == (418, 418, 0)
    assert_same_as_direct(model, passengers()[columns], scored)


@pytest.mark.parametrize("name", some(sorted(set(CLASSIFIERS) - set(SKIPPED_CLASSIFIERS)), every=4))
def test_every_classifier_of_two_classes_scores_as_when_asked_directly(
    name: str, tmp_path: Path
) -> None:
    sweep(name, CLASSIFIERS[name], RAW, train()["Survived"], tmp_path)


@pytest.mark.parametrize(
    "name",
    some(sorted(set(CLASSIFIERS) - set(SKIPPED_CLASSIFIERS) - set(BINARY_ONLY)), every=4, first=2),
)
def test_every_classifier_of_three_texts_scores_as_when_asked_directly(
    name: str, tmp_path: Path
) -> None:
    columns = [column for column in RAW if column != "Embarked"]
    ports = train()["Embarked"].map({"C": "Cherbourg", "Q": "Queenstown", "S": "Southampton"})
    sweep(name, CLASSIFIERS[name], columns, ports, tmp_path)


@pytest.mark.parametrize("name", some(sorted(set(REGRESSORS) - set(SKIPPED_REGRESSORS)), every=4))
def test_every_regressor_scores_as_when_asked_directly(name: str, tmp_path: Path) -> None:
    columns = [column for column in RAW if column != "Fare"]
    fares = train()["Fare"] + 1  # some of them must be above 0
    sweep(name, REGRESSORS[name], columns, fares, tmp_path)


@pytest.mark.parametrize("name", sorted(SKIPPED_CLASSIFIERS | SKIPPED_REGRESSORS))
def test_what_predicts_several_targets_is_refused(name: str, tmp_path: Path) -> None:
    features = train()[RAW].iloc[:ROWS]
    inner = LogisticRegression() if name in CLASSIFIERS else LinearRegression()
    kind = (CLASSIFIERS | REGRESSORS)[name]
    made = make(name, kind) if name.startswith("MultiTask") else kind(inner)
    target = train()[["Survived", "Parch"]].iloc[:ROWS].clip(upper=1)
    model = make_pipeline(encoder(RAW), made)
    quietly_fit(model, features, target)
    with pytest.raises(ModelError, match="several outputs"):
        score(tmp_path, **dump(model, tmp_path / "best_model.pkl"))


def test_the_list_of_what_was_skipped_is_printed_and_names_nothing_that_is_gone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert set(SKIPPED_CLASSIFIERS) | set(BINARY_ONLY) <= set(CLASSIFIERS)
    assert set(SKIPPED_REGRESSORS) <= set(REGRESSORS)
    assert set(ARGUMENTS) <= set(CLASSIFIERS) | set(REGRESSORS)
    known = len(CLASSIFIERS) + len(REGRESSORS)
    skipped = SKIPPED_CLASSIFIERS | SKIPPED_REGRESSORS
    lines = [
        f"{known - len(skipped)} of {known} estimators of scikit-learn were swept; skipped:",
        *(f"  {name}: {why}" for name, why in sorted(skipped.items())),
        *(f"  {name}, with three classes: {why}" for name, why in sorted(BINARY_ONLY.items())),
    ]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def test_the_sweep_would_notice_another_answer(tmp_path: Path) -> None:
    model = quietly_fit(
        make_pipeline(encoder(RAW), LogisticRegression()), train()[RAW], train()["Survived"]
    )
    _, scored = score(tmp_path, **dump(model, tmp_path / "best_model.pkl"))
    assert_same_as_direct(model, passengers()[RAW], scored)
    probabilities = scored["probability"].to_numpy().copy()
    probabilities[7] += 1e-11
    scored["probability"] = probabilities
    with pytest.raises(AssertionError):
        assert_same_as_direct(model, passengers()[RAW], scored)
