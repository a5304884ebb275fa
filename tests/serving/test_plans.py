"""The service predicts by the plan that batch runs take."""

from __future__ import annotations

import hashlib
from pathlib import Path

import joblib
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from tests.private_place import private_folder
from titanic_batch.models import open_model
from titanic_batch.scoring.compiling import compile_model
from titanic_batch.serving.outcomes import Scored
from titanic_batch.serving.scorer import open_scorer

__all__ = ["private_folder"]


def test_records_are_scored_by_the_plan_where_one_is_kept(
    private_folder: Path, empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITANIC_BATCH_CACHE", str(private_folder))
    frame = pd.DataFrame({"a": range(40), "b": [n % 7 for n in range(40)]}, dtype=float)
    model = RandomForestClassifier(5, random_state=0).fit(frame, frame["b"] > 3)
    path = tmp_path / "model.pkl"
    joblib.dump(model, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    verified = open_model(str(path), trust=[sha256])
    assert open_scorer(verified).session.plan is None
    compile_model(str(path), trust=[sha256])
    scorer = open_scorer(verified)
    assert scorer.session.plan is not None
    monkeypatch.setattr(RandomForestClassifier, "predict_proba", None)  # nobody asks it
    found = scorer.score([{"a": 3.0, "b": 6.0}, {"a": 12.5, "b": 0.0}])
    monkeypatch.undo()
    wanted = model.predict(pd.DataFrame({"a": [3.0, 12.5], "b": [6.0, 0.0]}))
    assert [one.label for one in found if isinstance(one, Scored)] == wanted.tolist()
