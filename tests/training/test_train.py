"""The reference model is chosen on the passenger list, repeatably, and refuses what it must."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from tests.cli.conftest import environment_in, shared, trained_home
from tests.schema.passengers import RAW, TRAIN_CSV, null_columns, passengers, survived
from titanic_batch.errors import DataError, InputMissingError, UsageError
from titanic_batch.models import open_model
from titanic_batch.schema.derive import derive_schema
from titanic_batch.training.candidates import FEATURES, candidates
from titanic_batch.training.learn_schema import learn_schema_from_frame
from titanic_batch.training.train import (
    TrainedReference,
    default_training_data,
    fit_reference_model,
    train_reference_model,
)

__all__ = ["shared", "trained_home"]  # fixtures of the command line's tests

NAMES = ["logistic regression", "random forest", "histogram gradient boosting"]


@pytest.fixture(scope="module")
def trained() -> TrainedReference:
    return fit_reference_model(TRAIN_CSV, seed=0)


def test_three_candidates_are_compared_and_the_truest_probabilities_win(
    trained: TrainedReference,
) -> None:
    assert [candidate.name for candidate in trained.candidates] == NAMES
    by_loss = min(trained.candidates, key=lambda candidate: candidate.log_loss)
    assert trained.best == by_loss.name
    assert trained.rows == 891
    for candidate in trained.candidates:
        assert 0.75 < candidate.accuracy < 0.9
        assert 0.0 < candidate.accuracy_std < 0.1
        assert 0.8 < candidate.roc_auc < 0.95
        assert 0.3 < candidate.log_loss < 0.6
    best = next(c for c in trained.candidates if c.name == trained.best)
    assert trained.schema.metrics["roc_auc"] == best.roc_auc


def test_schema_says_what_the_reference_model_takes(trained: TrainedReference) -> None:
    schema = trained.schema
    assert schema.names == tuple(RAW)
    assert schema.target == "Survived"
    assert schema.classes == (0, 1)
    assert schema.labels == {"0": "사망", "1": "생존"}
    assert {column.name: column.kind for column in schema.columns} == {
        "Pclass": "category",
        "Sex": "category",
        "Age": "number",
        "SibSp": "integer",
        "Parch": "integer",
        "Fare": "number",
        "Embarked": "category",
    }
    assert schema.column("Pclass").categories == (1, 2, 3)
    assert null_columns(schema) == {"Age", "Fare", "Embarked"}
    assert not any(column.accepts_unknown for column in schema.columns)


@pytest.mark.parametrize("name", NAMES)
def test_every_candidate_refuses_what_training_had_not(name: str) -> None:
    table = passengers()[list(FEATURES)]
    pipeline = candidates(seed=0)[name].fit(table, survived())
    for schema in (
        derive_schema(pipeline),
        learn_schema_from_frame(pipeline, passengers(), target="Survived"),
    ):
        assert null_columns(schema) == {"Age", "Fare", "Embarked"}
        assert schema.column("Pclass").categories == (1, 2, 3)
        assert not schema.column("Sex").accepts_unknown
    with pytest.raises(ValueError, match="unknown categor"):
        pipeline.predict(table.head(3).assign(Sex="unknown"))


def test_same_seed_saves_the_same_model_with_its_schema(
    trained: TrainedReference, trained_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_in(trained_home).items():
        monkeypatch.setenv(name, value)
    report = json.loads((trained_home / "train.out").read_text("utf-8"))
    assert (report["seed"], report["rows"], report["best"]) == (0, 891, trained.best)
    stored, path = open_model("titanic_model:latest"), trained_home / "best_model.pkl"
    assert stored.tag == report["model"]["tag"]
    assert stored.schema == trained.schema
    assert open_model(str(path)).sha256  # it is trusted
    table = passengers()[list(FEATURES)]
    np.testing.assert_array_equal(
        joblib.load(path).predict_proba(table), trained.estimator.predict_proba(table)
    )


def test_pickle_of_another_is_refused_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "best_model.pkl"
    path.write_bytes(b"mine")
    with pytest.raises(UsageError):
        train_reference_model(data=TRAIN_CSV, pickle_path=path)
    assert path.read_bytes() == b"mine"


def test_default_training_list_is_that_of_the_folder_or_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_training_data() == TRAIN_CSV
    own = tmp_path / "sample_data" / "train.csv"
    own.parent.mkdir()
    own.write_bytes(TRAIN_CSV.read_bytes())
    assert default_training_data() == own


def test_without_a_training_list_the_error_says_how_to_give_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("titanic_batch.training.train.__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(InputMissingError) as caught:
        default_training_data()
    assert "--data train.csv" in caught.value.hint


def test_list_without_survived_is_an_error() -> None:
    with pytest.raises(DataError, match="lacks Survived"):
        fit_reference_model(TRAIN_CSV.with_name("passengers.csv"))


def test_list_with_another_target_is_an_error(tmp_path: Path) -> None:
    table = passengers()
    table["Survived"] = table["Survived"].map({0: "no", 1: "yes"})
    table.to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(DataError, match="must be 0 or 1"):
        fit_reference_model(tmp_path / "train.csv")


def test_the_score_profile_is_of_rows_that_the_model_was_not_fitted_on(
    trained: TrainedReference,
) -> None:
    frame = pd.read_csv(TRAIN_CSV)
    held_out = cross_val_predict(
        candidates(seed=0)[trained.best],
        frame[list(FEATURES)],
        frame["Survived"],
        cv=StratifiedKFold(n_splits=5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    expected, _ = np.histogram(held_out[:, 1], np.linspace(0, 1, 11))
    assert trained.schema.score is not None
    assert trained.schema.score.shares == pytest.approx(expected / len(frame), abs=0.002)
