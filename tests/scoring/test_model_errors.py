"""A row on which the model raises is one reject, however a run is cut; memory is not its fault."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

from tests.estimators.passengers import dump
from tests.scoring.row_models import ByHand
from titanic_batch import score, score_files
from titanic_batch.errors import (
    ModelError,
    TooManyRejectsError,
    WorkerEndedError,
    without_cells,
)

DRAW = np.random.default_rng(5)
FRAME = pd.DataFrame({"a": DRAW.normal(size=300).round(3), "b": np.arange(300.0)})
BAD = [12, 13, 250]
MASKED = "masked"
FRAME.loc[[row - 1 for row in BAD], "a"] = 777.5


class Particular(ByHand):
    def share(self, features: Any) -> Any:
        for value in features["a"]:
            if value == 777.5:
                raise KeyError(f"no such value: {value}")
        return super().share(features)


class Hungry(ByHand):
    def share(self, features: Any) -> Any:
        return np.empty(1 << 50)


@pytest.fixture
def home(empty_home: Path) -> Path:
    return empty_home


@pytest.fixture
def options(home: Path, tmp_path: Path) -> Callable[[Any], dict[str, Any]]:
    def save(model: Any) -> dict[str, Any]:
        given = dump(model.fit(FRAME), tmp_path / "model.pkl")
        FRAME.to_csv(tmp_path / "in.csv", index=False)
        return {**given, "trust": (given["trust"],), "workers": 1}

    return save


@pytest.mark.parametrize("chunk_size", ["64B", "1KB", "4MB"])
@pytest.mark.parametrize("limit", ["3", "1%"])
def test_the_rows_are_rejected_and_the_others_published(
    limit: str, chunk_size: str, tmp_path: Path, options: Any
) -> None:
    given = options(Particular()) | {"max_rejects": limit, "chunk_size": chunk_size}
    manifest = score(tmp_path / "in.csv", tmp_path / "out.csv", **given)
    assert (manifest.rows.scored, manifest.rows.rejected) == (297, 3)
    assert manifest.rejects.by_reason == {"model-error": 3}
    assert manifest.warnings == ("the model fails on rows that were rejected: KeyError",)
    assert "777.5" not in json.dumps(manifest.to_json())
    with (tmp_path / "out.csv.rejects.csv").open() as file:
        rejects = [(int(r["row"]), r["column"], r["reason"]) for r in csv.DictReader(file)]
    assert rejects == [(row, "", "model-error") for row in BAD]
    good = FRAME.drop(index=[row - 1 for row in BAD])
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["b"].tolist() == good["b"].tolist()
    direct = ByHand().fit(good).predict_proba(good)[:, 1]
    np.testing.assert_allclose(found["probability"], direct, rtol=1e-12)


class Abstains(ByHand):
    """Has no answer to some rows, in a way of its own."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    def predict(self, features: Any) -> Any:
        labels = super().predict(features)
        silent = (features["a"] == 777.5).to_numpy()
        if isinstance(self.answer, str):
            return np.ma.MaskedArray(labels, silent)
        return np.where(silent, self.answer, labels.astype(object))


class AbstainsFromNumbers(Abstains):
    """The same without classes."""

    predict_proba = property()

    def fit(self, features: Any, target: Any = None) -> Any:
        super().fit(features)
        del self.classes_
        return self


@pytest.mark.parametrize("kind", [Abstains, AbstainsFromNumbers])
@pytest.mark.parametrize("answer", [None, float("nan"), pd.NA, MASKED], ids=repr)
def test_no_answer_is_no_score(kind: Any, answer: Any, tmp_path: Path, options: Any) -> None:
    given = options(kind(answer)) | {"max_rejects": "3"}
    manifest = score(tmp_path / "in.csv", tmp_path / "out.csv", **given)
    assert manifest.rejects.by_reason == {"model-error": 3}
    assert pd.read_csv(tmp_path / "out.csv")["prediction"].notna().all()


class Codes(AbstainsFromNumbers):
    def predict(self, features: Any) -> Any:
        return np.array(["00165"] * len(features), dtype=object)


def test_texts_of_a_model_without_classes_become_no_numbers(tmp_path: Path, options: Any) -> None:
    with pytest.raises(ModelError, match="answers with texts"):
        score(tmp_path / "in.csv", tmp_path / "out.csv", **options(Codes()))


@pytest.mark.parametrize("limit", ["0", "2", "0.5%"])
def test_too_many_of_them_end_in_65_and_say_what_the_model_said(
    limit: str, tmp_path: Path, options: Any
) -> None:
    with pytest.raises(TooManyRejectsError) as caught:
        score(tmp_path / "in.csv", tmp_path / "out.csv", **options(Particular()), max_rejects=limit)
    said = "row 12, line 13: model-error: KeyError: 'no such value: 777.5'"
    assert said in str(caught.value)
    logged = " ".join(without_cells(caught.value))
    assert "777.5" not in logged
    assert "row 12, line 13: model-error" in logged
    assert not (tmp_path / "out.csv").exists()
    assert (tmp_path / "out.csv.failed.rejects.csv").exists()


def test_what_it_said_is_shown_beside_what_is_published(tmp_path: Path, options: Any) -> None:
    given = options(Particular()) | {"max_rejects": "3"}
    (outcome,) = score_files(tmp_path / "in.csv", tmp_path / "out.csv", **given)
    assert outcome.model_errors[0] == "the model fails on row 12: KeyError: 'no such value: 777.5'"


def test_a_model_that_wants_more_memory_than_there_is_ends_in_71(
    tmp_path: Path, options: Any
) -> None:
    with pytest.raises(WorkerEndedError) as caught:
        score(tmp_path / "in.csv", tmp_path / "out.csv", **options(Hungry()), max_rejects="100%")
    assert caught.value.exit_code == 71
    assert "--chunk-size" in caught.value.hint
    assert {path.name for path in tmp_path.iterdir()} == {"home", "in.csv", "model.pkl"}


def test_a_worker_says_so_too(tmp_path: Path, options: Any) -> None:
    given = options(Hungry()) | {"workers": 2}
    FRAME.sample(4_000, replace=True).assign(c="x" * 2200).to_csv(tmp_path / "in.csv", index=False)
    with pytest.raises(WorkerEndedError, match="memory ran out"):
        score(tmp_path / "in.csv", tmp_path / "out.csv", **given)


def test_the_manifest_names_what_the_models_classes_come_from(tmp_path: Path, options: Any) -> None:
    given = options(ByHand())
    manifest = score(tmp_path / "in.csv", tmp_path / "out.csv", **given)
    digest = manifest.libraries["tests.scoring.row_models"]
    assert digest.startswith("sha256:")
    assert {"python", "scikit-learn", "numpy", "pyarrow"} <= set(manifest.libraries)


def test_the_manifest_names_a_boosters_distribution(tmp_path: Path, options: Any) -> None:
    model = xgboost.XGBRegressor(n_estimators=2, n_jobs=1).fit(FRAME[["a", "b"]], FRAME["b"])
    given = {**options(ByHand()), **dump(model, tmp_path / "model.pkl")}
    manifest = score(tmp_path / "in.csv", tmp_path / "out.csv", **given)
    names = {name for name in manifest.libraries if name.startswith("xgboost")}
    assert [manifest.libraries[name] for name in names] == [xgboost.__version__]
