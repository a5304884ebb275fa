from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from tests.models.hostile import empty_zip, hostile_skops, replace_members, zip_bomb
from titanic_batch.errors import ModelError, UntrustedModelError
from titanic_batch.models import load_estimator, open_model, trust_model
from titanic_batch.models.loaders import skops_file

if TYPE_CHECKING:
    import pandas as pd


def strange_step(values: Any) -> Any:
    """Stand for a function that skops cannot know."""
    return values


def another_step(values: Any) -> Any:
    """Stand for a second one."""
    return values


@pytest.fixture
def linear(passengers: pd.DataFrame) -> Any:
    """Return a model of types that skops knows. It does not know trees to be safe."""
    columns = ColumnTransformer([("sex", OneHotEncoder(), ["Sex"])], remainder="passthrough")
    pipeline = make_pipeline(columns, LogisticRegression(max_iter=1000))
    return pipeline.fit(passengers, passengers["Sex"] == "female")


def with_unknown_types(path: Path) -> Path:
    model = make_pipeline(
        FunctionTransformer(strange_step), FunctionTransformer(another_step), LogisticRegression()
    ).fit(np.array([[0.0], [1.0]]), [0, 1])
    skops.io.dump(model, path)
    return path


def test_known_types_load_without_trust(
    linear: Any, passengers: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "best.skops"
    skops.io.dump(linear, path)
    loaded = load_estimator(open_model(str(path)))
    np.testing.assert_array_equal(
        linear.predict_proba(passengers), loaded.estimator.predict_proba(passengers)
    )
    assert loaded.warnings == ()


def test_unknown_types_are_all_listed_sorted(tmp_path: Path) -> None:
    path = with_unknown_types(tmp_path / "best.skops")
    with pytest.raises(UntrustedModelError) as caught:
        open_model(str(path))
    text = str(caught.value)
    assert 0 < text.index("another_step") < text.index("strange_step")
    assert f"titanic-batch models trust {path}" in text


def test_unknown_types_load_once_the_file_is_trusted(tmp_path: Path) -> None:
    path = with_unknown_types(tmp_path / "best.skops")
    trust_model(str(path))
    assert load_estimator(open_model(str(path))).estimator.predict([[1.0]]) == [1]


def test_a_pickle_by_the_name_of_skops_is_not_read_as_a_pickle(fitted: Any, tmp_path: Path) -> None:
    path = tmp_path / "best.skops"
    joblib.dump(fitted, path)
    with pytest.raises(ModelError, match="not a skops file"):
        open_model(str(path))


def test_a_skops_file_by_the_name_of_pickle_is_not_read_as_skops(
    fitted: Any, tmp_path: Path
) -> None:
    path = tmp_path / "best.pkl"
    skops.io.dump(fitted, path)
    trust_model(str(path))
    with pytest.raises(ModelError, match="damaged"):
        load_estimator(open_model(str(path)))


def test_a_zip_bomb_is_refused_by_what_its_directory_says() -> None:
    assert len(zip_bomb()) < 1_000_000
    with pytest.raises(ModelError, match="unpacks to"):
        skops_file.unknown_types(zip_bomb())


def test_a_member_that_is_larger_than_stated_is_refused() -> None:
    data = bytearray(empty_zip({"schema.json": b"{}", "a.npy": b"\0" * 5000}, 8))
    data = data.replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    with pytest.raises(ModelError, match="not a skops file"):
        skops_file.unknown_types(bytes(data))


def test_one_member_named_many_times_counts_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skops_file, "UNPACKED_BYTES", 1 << 16)
    schema = json.dumps({"content": [{"file": "a.npy"}] * 100})
    data = empty_zip({"schema.json": schema.encode(), "a.npy": b"\0" * 5000}, 8)
    with pytest.raises(ModelError, match="unpacks to"):
        skops_file.unknown_types(data)


def test_a_zip_within_the_zip_counts_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ones = OneHotEncoder().fit_transform(np.zeros((1000, 300)))  # a sparse matrix
    model = KNeighborsClassifier(algorithm="brute").fit(ones, [0, 1] * 500)
    data = skops.io.dumps(model)
    skops_file.unknown_types(data)
    monkeypatch.setattr(skops_file, "UNPACKED_BYTES", 2 * len(data))
    monkeypatch.setattr(skops_file, "UNPACKED_RATIO", 0)
    with pytest.raises(ModelError, match="unpacks to"):
        skops_file.unknown_types(data)


def test_a_stored_file_of_any_size_passes(monkeypatch: pytest.MonkeyPatch, linear: Any) -> None:
    monkeypatch.setattr(skops_file, "UNPACKED_BYTES", 0)
    assert skops_file.unknown_types(skops.io.dumps(linear)) == []


def test_a_pickle_in_place_of_an_array_is_not_unpickled(linear: Any, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / "best.skops"
    shell = hostile_skops(canary)["renamed_pickle"]
    path.write_bytes(replace_members(skops.io.dumps(linear), shell))
    with pytest.raises(ModelError):
        load_estimator(open_model(str(path)))
    assert not canary.exists()
