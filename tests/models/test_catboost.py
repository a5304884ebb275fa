"""CatBoost's own estimators, which let no parameter be set and keep categories as hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import catboost
import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import titanic_batch
from titanic_batch.errors import ModelError, TooManyRejectsError
from titanic_batch.models.sidecar import write_sidecar
from titanic_batch.schema.derive import derive_schema
from titanic_batch.training.learn_schema import learn_schema

RANDOM = np.random.default_rng(5)
ROWS = 200
TABLE = pd.DataFrame(
    {
        "Age": pd.Series(RANDOM.normal(30, 9, ROWS).round(1)).mask(RANDOM.random(ROWS) < 0.2),
        "Fare": RANDOM.normal(30, 9, ROWS).round(2),
        "Pclass": RANDOM.integers(1, 4, ROWS),
        "Sex": RANDOM.choice(["female", "male"], ROWS),
        "Alone": RANDOM.choice([True, False], ROWS),
        "Note": RANDOM.choice(["the cat sat", "a dog ran", "my cow"], ROWS),
    }
)
BINARY = ((TABLE["Fare"] > 30) ^ (TABLE["Pclass"] == 2)).astype(int)
CATEGORIES = ["Pclass", "Sex", "Alone"]


def model(kind: Any = catboost.CatBoostClassifier, **options: Any) -> Any:
    return kind(iterations=5, verbose=0, allow_writing_files=False, random_seed=0, **options)


def saved(fitted: Any, folder: Path, target: Any = None) -> tuple[Any, str, str]:
    """Write the model, with a schema learned from data if there is a target; return it as read."""
    path = folder / "m.pkl"
    joblib.dump(fitted, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if target is not None:
        TABLE.assign(y=target).to_csv(folder / "train.csv", index=False)
        write_sidecar(path, sha256, learn_schema(fitted, folder / "train.csv", "y"))
    return joblib.load(path), str(path), sha256


def check(fitted: Any, columns: list[str], folder: Path, target: Any = None) -> None:
    loaded, path, sha256 = saved(fitted, folder, target)
    rows = TABLE[columns].head(40)
    rows.to_csv(folder / "in.csv", index=False)
    rows.to_parquet(folder / "in.parquet")
    for name in ("in.csv", "in.parquet"):
        titanic_batch.score(
            folder / name, folder / "out.parquet", model=path, trust=sha256, workers=1,
            chunk_size=500, overwrite=True,
        )  # fmt: skip
        out = pq.read_table(folder / "out.parquet")
        assert out["prediction"].to_pylist() == np.ravel(loaded.predict(rows)).tolist()
        names = [name for name in out.column_names if name.startswith("probability")]
        if names:
            expected = loaded.predict_proba(rows)[:, 1 if len(names) == 1 else 0 :]
            found = np.column_stack([out[name].to_numpy() for name in names])
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


TARGETS = {
    "int": BINARY,
    "bool": BINARY.astype(bool),
    "float": BINARY.astype(float),
    "text": BINARY.map({0: "no", 1: "yes"}),
    "three texts": pd.Series(RANDOM.choice(["p", "q", "r"], ROWS)),
    "three ints": pd.Series(RANDOM.integers(1, 4, ROWS)),
}


@pytest.mark.parametrize("target", TARGETS)
def test_numbers_with_nulls_need_no_training_data(target: str, tmp_path: Path) -> None:
    fitted = model().fit(TABLE[["Age", "Fare"]], TARGETS[target])
    check(fitted, ["Age", "Fare"], tmp_path)


def test_a_regressor_has_no_classes(tmp_path: Path) -> None:
    columns = ["Age", "Fare"]
    check(model(catboost.CatBoostRegressor).fit(TABLE[columns], TABLE["Fare"]), columns, tmp_path)


def test_behind_a_scaler(tmp_path: Path) -> None:
    columns = ["Age", "Fare"]
    check(make_pipeline(StandardScaler(), model()).fit(TABLE[columns], BINARY), columns, tmp_path)


def test_categories_and_texts_are_learned_from_training_data(tmp_path: Path) -> None:
    fitted = model(cat_features=CATEGORIES, text_features=["Note"]).fit(TABLE, BINARY)
    with pytest.raises(ModelError, match="which categories it knows: Pclass, Sex, Alone") as caught:
        derive_schema(fitted)
    assert "--data" in caught.value.hint
    check(fitted, list(TABLE.columns), tmp_path, BINARY)
    schema = learn_schema(fitted, tmp_path / "train.csv", "y")
    assert schema.column("Pclass").categories == (1, 2, 3)
    assert schema.column("Alone").categories == (False, True)
    assert schema.column("Note").kind == "text"


def test_a_category_that_training_had_not_is_a_reject(tmp_path: Path) -> None:
    columns = ["Fare", "Pclass"]
    fitted = model(cat_features=["Pclass"]).fit(TABLE[columns], BINARY)
    _, path, sha256 = saved(fitted, tmp_path, BINARY)
    (tmp_path / "in.csv").write_text("Fare,Pclass\n1,3\n2,9\n")
    with pytest.raises(TooManyRejectsError, match="unknown-category"):
        titanic_batch.score(tmp_path / "in.csv", tmp_path / "o.csv", model=path, trust=sha256)


def test_a_booster_that_answers_with_raw_scores_says_so(tmp_path: Path) -> None:
    columns = ["Age", "Fare"]
    options = {"iterations": 3, "verbose": 0, "allow_writing_files": False}
    fitted = catboost.CatBoost({"loss_function": "Logloss", **options})
    fitted.fit(TABLE[columns], BINARY)
    with pytest.raises(ModelError, match="answers with float64, where its classes are int64"):
        check(fitted, columns, tmp_path)
