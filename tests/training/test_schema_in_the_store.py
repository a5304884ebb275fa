"""Whatever was learned goes into the store, and comes back equal."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB

from titanic_batch.models import open_model
from titanic_batch.schema import (
    ColumnSchema,
    OneHotSource,
    ScoreProfile,
    TrainingSchema,
    schema_from_json,
    schema_sha256,
    schema_to_json,
)
from titanic_batch.training import register_model, save_model
from titanic_batch.training.learn_schema import learn_schema

TABLE = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60) % 7})
THIRDS = np.arange(60) % 3
TARGETS: dict[str, Any] = {
    "three texts": np.array(["p", "no", "1e3"])[THIRDS],
    "two texts": np.array(["yes", "no"])[np.arange(60) % 2],
    "bools": np.arange(60) % 2 == 0,
    "ints": THIRDS,
    "large ints": THIRDS + 2**53,
    "floats": THIRDS * 1.0,
    "numbers": None,
}


@pytest.mark.parametrize("name", TARGETS)
def test_models_of_every_target_are_saved_with_their_training_data(
    name: str, tmp_path: Path
) -> None:
    target = TARGETS[name]
    regressor = target is None
    fitted = LinearRegression() if regressor else GaussianNB()
    values = TABLE["b"] * 1.5 if regressor else target
    joblib.dump(fitted.fit(TABLE, values), tmp_path / "m.pkl")
    TABLE.assign(y=values).to_csv(tmp_path / "train.csv", index=False)
    sha256 = hashlib.sha256((tmp_path / "m.pkl").read_bytes()).hexdigest()
    data = tmp_path / "train.csv"
    register_model(str(tmp_path / "m.pkl"), name="m", data=data, target="y", trust=[sha256])
    kept = open_model("m").schema
    assert kept is not None
    learned = learn_schema(fitted, data, "y")
    assert kept == learned
    assert kept.score is not None
    if not regressor:
        expected = fitted.classes_.tolist()
        assert kept.classes == tuple(expected)
        assert [type(label) for label in kept.classes or ()] == [type(one) for one in expected]


ODD = TrainingSchema(
    columns=(
        ColumnSchema(
            name="no", kind="category", dtype="object", exact=True, null="NaN",
            null_tokens=("NA", "-", "~", "null"), categories=("yes", "1e3", "2026-01-01", "é\n'\""),
            frequencies=(np.float64(0.5), 0.5, 0.0, 1e-300),
        ),
        ColumnSchema(
            name="null", kind="number", minimum=-np.inf, maximum=np.float32(0.1).item(),
            quantiles=(1e16, -0.0, 5e-324), fill=2**63,
        ),
    ),
    labels={"1": "~", "": "null"},
    metrics={"auc": np.float64(0.1) + 0.2},
    score=ScoreProfile(shares=(0.5, 0.5)),
    one_hot=(OneHotSource(name="Sex", categories=(True, 3, 2.0, "x"), null_tokens=("None",)),),
    libraries={"scikit-learn": "1.9"},
)  # fmt: skip


def test_odd_values_come_back_as_they_were() -> None:
    save_model(GaussianNB().fit(TABLE, THIRDS), name="odd", schema=ODD)
    kept = open_model("odd").schema
    assert kept == ODD
    assert [type(value) for value in kept.one_hot[0].categories] == [bool, int, float, str]
    assert schema_from_json(json.loads(json.dumps(schema_to_json(ODD))), where="here") == ODD


def test_nothing_in_a_stored_schema_says_none() -> None:
    assert "null" not in json.dumps(schema_to_json(TrainingSchema(columns=ODD.columns[:0])))
    assert "None" not in repr(schema_to_json(ODD)).replace("'None'", "")


def test_a_schema_that_needs_no_new_key_keeps_its_hash() -> None:
    plain = TrainingSchema(columns=(ColumnSchema(name="a", kind="number", dtype="float64"),))
    assert schema_sha256(plain) == (
        "4bf72cc0c6c81a7fa07691332f5bca2d65ab97c44c640006ffd7d597e249425e"
    )
