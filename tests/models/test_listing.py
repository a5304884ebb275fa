from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import joblib

from tests.models.notebook import save_as_a_notebook_does, save_other_framework
from titanic_batch.models import list_models, show_model, trust_model
from titanic_batch.schema import TrainingSchema
from titanic_batch.training import save_model


def test_an_empty_store_lists_nothing_and_is_not_made(home: Path) -> None:
    assert list_models() == []
    assert not (home / "bentoml").exists()


def test_all_models_are_listed_with_their_trust(fitted: Any, schema: TrainingSchema) -> None:
    ours = save_model(fitted, name="b", schema=schema)
    theirs = save_as_a_notebook_does("a", fitted)
    save_other_framework("net")
    by_tag = {model.tag: model for model in list_models()}

    assert list(by_tag) == [theirs, ours.tag, "net:v1"]
    assert by_tag[ours.tag].trusted is True
    assert by_tag[ours.tag].sha256 == ours.sha256
    assert by_tag[ours.tag].size_bytes > ours.path.stat().st_size
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", by_tag[ours.tag].created)
    assert by_tag[theirs].framework.startswith("scikit-learn 1.")
    # Both wrote the same estimator, and it is the bytes that are trusted.
    assert by_tag[theirs].trusted is (by_tag[theirs].sha256 == ours.sha256)
    assert by_tag["net:v1"].trusted is None
    assert by_tag["net:v1"].framework == "torch 2.9.0"
    assert by_tag["net:v1"].created == "2026-01-02T03:04:05Z"


def test_a_damaged_model_does_not_hide_the_others(fitted: Any, schema: TrainingSchema) -> None:
    broken = save_model(fitted, name="broken", schema=schema)
    fine = save_model(fitted, name="fine", schema=schema)
    headless = save_model(fitted, name="headless", schema=schema)
    (broken.path.parent / "model.yaml").unlink()
    headless.path.unlink()
    by_tag = {model.tag: model for model in list_models()}
    assert by_tag[broken.tag].framework == "unreadable"
    assert "model.yaml" in by_tag[broken.tag].problem
    assert by_tag[fine.tag].trusted
    assert by_tag[headless.tag].trusted is None


def test_versions_of_a_name_are_listed_oldest_first(fitted: Any, schema: TrainingSchema) -> None:
    tags = [save_model(fitted, name="m", schema=schema).tag for _ in range(3)]
    created = {model.tag: model.created for model in list_models()}
    assert set(tags) == set(created)
    assert list(created.values()) == sorted(created.values())


def test_show_tells_all_without_unpickling(fitted: Any, schema: TrainingSchema) -> None:
    saved = save_model(fitted, name="m", schema=schema)
    details = show_model("m")
    assert details.tag == saved.tag
    assert details.schema == saved.schema
    assert details.metrics == {"accuracy": 0.81}
    assert details.trusted_by == "written by titanic-batch"
    assert details.framework.startswith("scikit-learn 1.")
    assert details.created


def test_show_describes_an_untrusted_file(fitted: Any, tmp_path: Path) -> None:
    path = tmp_path / "my model.pkl"
    joblib.dump(fitted, path)
    details = show_model(str(path))
    assert not details.trusted
    assert details.trust_command == f"titanic-batch models trust '{path}'"
    assert details.schema is None
    trust_model(str(path))
    assert show_model(str(path)).trusted_by == "your ledger"
