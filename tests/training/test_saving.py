from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from titanic_batch.errors import ModelError, UsageError
from titanic_batch.models import load_estimator, open_model, show_model
from titanic_batch.schema import TrainingSchema
from titanic_batch.training import save_model

BENTOML = Path(sys.executable).with_name("bentoml")


def test_a_saved_model_is_trusted_and_keeps_its_schema(
    fitted: Any, schema: TrainingSchema, passengers: Any
) -> None:
    saved = save_model(fitted, name="titanic_model", schema=schema)
    opened = open_model("titanic_model:latest")
    assert opened.tag == saved.tag == saved.ref
    assert opened.sha256 == saved.sha256
    assert opened.schema == saved.schema
    assert opened.schema is not None
    assert opened.schema.columns == schema.columns
    assert "scikit-learn" in opened.schema.libraries
    np.testing.assert_array_equal(
        fitted.predict_proba(passengers),
        load_estimator(opened).estimator.predict_proba(passengers),
    )


def test_plain_bentoml_lists_it_and_shows_its_schema(fitted: Any, schema: TrainingSchema) -> None:
    saved = save_model(fitted, name="titanic_model", schema=schema)
    run = [str(BENTOML), "models"]
    listed = subprocess.run([*run, "list"], capture_output=True, text=True, check=True).stdout
    assert saved.tag in listed
    shown = subprocess.run(
        [*run, "get", saved.tag, "-o", "json"], capture_output=True, text=True, check=True
    ).stdout
    kept = json.loads(shown)["metadata"]["titanic_batch_schema"]
    assert kept["target"] == "Survived"


def test_a_pickle_is_written_with_its_sidecar_and_trusted(
    fitted: Any, schema: TrainingSchema, tmp_path: Path, passengers: Any
) -> None:
    path = tmp_path / "best_model.pkl"
    save_model(fitted, name="m", schema=schema, pickle_path=path)
    opened = open_model(str(path))
    assert opened.schema is not None
    assert opened.schema.columns == schema.columns
    sidecar = json.loads((tmp_path / "best_model.pkl.schema.json").read_text())
    assert (sidecar["schema_version"], sidecar["sha256"]) == (1, opened.sha256)
    np.testing.assert_array_equal(fitted.predict(passengers), joblib.load(path).predict(passengers))
    assert sorted(p.name for p in tmp_path.glob("*best*")) == [
        "best_model.pkl",
        "best_model.pkl.schema.json",
    ]


def test_its_own_pickle_is_replaced_and_anothers_is_not(
    fitted: Any, schema: TrainingSchema, tmp_path: Path
) -> None:
    path = tmp_path / "best_model.pkl"
    save_model(fitted, name="m", schema=schema, pickle_path=path)
    save_model(fitted, name="m", schema=schema, pickle_path=path)
    path.write_bytes(b"precious")
    with pytest.raises(UsageError, match="did not write"):
        save_model(fitted, name="m", schema=schema, pickle_path=path)
    assert path.read_bytes() == b"precious"
    with pytest.raises(UsageError, match=r"must end in \.pkl"):
        save_model(fitted, name="m", schema=schema, pickle_path=tmp_path / "best.bin")


def test_a_sidecar_of_another_file_is_ignored_with_a_warning(
    fitted: Any, schema: TrainingSchema, tmp_path: Path
) -> None:
    path = tmp_path / "best_model.pkl"
    save_model(fitted, name="m", schema=schema, pickle_path=path)
    joblib.dump(fitted, path, compress=1)
    model = open_model(str(path), trust=[show_model(str(path)).sha256])
    assert model.schema is None
    (warning,) = model.warnings
    assert "best_model.pkl.schema.json belongs to another version" in warning
    assert load_estimator(model).warnings == (warning,)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema_version": 9}', "[" * 50_000, '{"a": ' + "9" * 5000 + "}"]
)
def test_a_damaged_sidecar_is_an_error(
    text: str, fitted: Any, schema: TrainingSchema, tmp_path: Path
) -> None:
    path = tmp_path / "best_model.pkl"
    save_model(fitted, name="m", schema=schema, pickle_path=path)
    (tmp_path / "best_model.pkl.schema.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be read"):
        open_model(str(path))


def test_a_sidecar_that_is_no_file_is_not_waited_for(
    fitted: Any, schema: TrainingSchema, tmp_path: Path
) -> None:
    path = tmp_path / "best_model.pkl"
    save_model(fitted, name="m", schema=schema, pickle_path=path)
    sidecar = tmp_path / "best_model.pkl.schema.json"
    sidecar.unlink()
    os.mkfifo(sidecar)
    with pytest.raises(ModelError, match="not a regular file"):
        open_model(str(path))


def test_without_a_ledger_the_model_is_saved_and_a_warning_says_so(
    fitted: Any, schema: TrainingSchema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/dev/null/config")
    saved = save_model(fitted, name="m", schema=schema)
    (warning,) = saved.warnings
    assert saved.sha256 in warning
    open_model("m", trust=[saved.sha256])


@pytest.mark.parametrize("name", ["a b", "", "ä", "a/b", "x" * 64, "m:v1", "M", "-m"])
def test_an_impossible_name_is_refused(name: str, fitted: Any, schema: TrainingSchema) -> None:
    with pytest.raises(UsageError, match="lower case"):
        save_model(fitted, name=name, schema=schema)


def test_what_is_no_estimator_is_refused(schema: TrainingSchema) -> None:
    with pytest.raises(ModelError, match="no predict method"):
        save_model({"a": 1}, name="m", schema=schema)


def test_the_store_follows_the_environment_within_one_process(
    fitted: Any, schema: TrainingSchema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("one", "two"):
        monkeypatch.setenv("BENTOML_HOME", str(tmp_path / place))
        saved = save_model(fitted, name="m", schema=schema)
        assert saved.path.is_relative_to(tmp_path / place)


def test_saving_prints_and_warns_nothing(
    fitted: Any, schema: TrainingSchema, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_model(fitted, name="some.name", schema=schema)
    assert capfd.readouterr() == ("", "")
