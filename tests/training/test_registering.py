from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from titanic_batch.errors import ModelError, UntrustedModelError, UsageError
from titanic_batch.models import list_models, open_model, trust_model
from titanic_batch.schema import TrainingSchema
from titanic_batch.training import SchemaEdits, register_model
from titanic_batch.training.registering import name_from

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture
def pickle_file(fitted: Any, tmp_path: Path) -> Path:
    path = tmp_path / "Best Model.pkl"
    joblib.dump(fitted, path)
    return path


@pytest.fixture
def train_file(passengers: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    survived = (passengers["Sex"] == "female").astype(int)
    passengers.assign(Survived=survived).to_csv(path, index=False)
    return path


def registered_schema(ref: str) -> TrainingSchema:
    schema = open_model(ref).schema
    assert schema is not None
    return schema


def test_it_passes_the_gate_first(pickle_file: Path) -> None:
    with pytest.raises(UntrustedModelError):
        register_model(str(pickle_file))
    assert list_models() == []


def test_a_schema_is_derived_from_the_estimator(pickle_file: Path) -> None:
    trust_model(str(pickle_file))
    saved = register_model(str(pickle_file))
    assert saved.tag.startswith("best_model:")
    schema = registered_schema("best_model")
    assert schema.names == ("Sex", "Age", "Pclass")
    assert schema.column("Sex").categories == ("female", "male")
    assert schema.origin == "estimator"


def test_a_schema_is_learned_from_data(pickle_file: Path, train_file: Path) -> None:
    trust_model(str(pickle_file))
    register_model(str(pickle_file), name="m", data=train_file, target="Survived")
    schema = registered_schema("m")
    assert (schema.origin, schema.target) == ("training-data", "Survived")
    assert schema.column("Age").maximum is not None


def test_the_schema_that_a_model_carries_is_kept_and_edited(
    pickle_file: Path, train_file: Path
) -> None:
    trust_model(str(pickle_file))
    register_model(str(pickle_file), name="m", data=train_file, target="Survived")
    edits = SchemaEdits(fills={"Age": "28"}, labels={"1": "survived"})
    register_model("m:latest", name="n", edits=edits)
    schema = registered_schema("n")
    assert schema.origin == "training-data"
    assert schema.column("Age").fill == 28.0
    assert schema.labels == {"1": "survived"}


def test_a_model_of_a_bare_array_needs_features(tmp_path: Path) -> None:
    path = tmp_path / "bare.skops"
    model = LogisticRegression().fit(np.array([[0.0, 1.0], [1.0, 0.0]]), [0, 1])
    skops.io.dump(model, path)
    with pytest.raises(ModelError, match="--features"):
        register_model(str(path))
    register_model(str(path), features=["a", "b"])
    schema = registered_schema("bare")
    assert schema.names == ("a", "b")
    assert not schema.named


def test_a_target_without_data_names_what_is_predicted(pickle_file: Path) -> None:
    trust_model(str(pickle_file))
    register_model(str(pickle_file), name="m", target="Outcome")
    assert registered_schema("m").target == "Outcome"


def test_a_wrong_destination_is_refused_before_anything_is_loaded(
    pickle_file: Path, tmp_path: Path
) -> None:
    trust_model(str(pickle_file))
    with pytest.raises(UsageError, match="did not write"):
        register_model(str(pickle_file), pickle_path=pickle_file)
    with pytest.raises(UsageError, match="name of a model"):
        register_model(str(pickle_file), name="A B")
    assert list_models() == []


def test_another_scikit_learn_is_refused_without_a_flag_that_is_not_there(tmp_path: Path) -> None:
    model = LogisticRegression().fit(np.array([[0.0], [1.0]]), [0, 1])
    own = model.__getstate__()["_sklearn_version"]
    other = f"{own.split('.')[0]}.{int(own.split('.')[1]) - 1}.{own.split('.')[2]}"
    path = tmp_path / "old.pkl"
    path.write_bytes(pickle.dumps(model).replace(own.encode(), other.encode()))
    trust_model(str(path))
    with pytest.raises(ModelError, match=f"made with scikit-learn {other}") as caught:
        register_model(str(path), features=["a"])
    assert "--allow-version-mismatch" not in caught.value.hint


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("best_model.pkl", "best_model"),
        ("Best Model (2).joblib", "best_model_2"),
        ("titanic.v2.skops", "titanic.v2"),
        ("titanic_model:abc", "titanic_model"),
    ],
)
def test_a_name_is_made_from_the_file(tag: str, name: str) -> None:
    assert name_from(tag) == name
