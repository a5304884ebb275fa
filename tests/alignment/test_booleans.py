"""true and false feed columns of numbers that were 0 and 1 throughout training, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

import titanic_batch
from tests.alignment.planning import aligned, column, reasons
from titanic_batch.models import open_model
from titanic_batch.models.model_file import sha256_of
from titanic_batch.serving.outcomes import Refusal, Scored
from titanic_batch.serving.scorer import open_scorer
from titanic_batch.training import register_model

TRAIN = pd.DataFrame(
    {"alone": [0, 1, 1, 0] * 10, "size": [1.0, 2.0, 3.0, 4.0] * 10, "y": [0, 1] * 20}
)


@pytest.mark.parametrize("kind", ["number", "integer"])
@pytest.mark.parametrize("binary", [False, True])
def test_true_and_false_are_1_and_0_where_nothing_else_was_seen(kind: Any, binary: bool) -> None:
    cells = pa.array(["true", "FALSE", "1", "0.0", "False", "yes", "T"])
    result = aligned([column("x", kind, binary=binary)], {"x": cells})
    rejected = [row for row, *_ in reasons(result)]
    assert rejected == ([5, 6] if binary else [0, 1, 4, 5, 6])
    values = [
        value for row, value in enumerate(result.typed["x"].to_pylist()) if row not in rejected
    ]
    assert values == ([1, 0, 1, 0, 0] if binary else [1, 0])
    assert result.counts.booleans == ({"x": 3} if binary else {})


@pytest.fixture
def model(empty_home: Path, tmp_path: Path) -> str:
    """A model that was trained on 0 and 1, in the store."""
    TRAIN.to_csv(tmp_path / "train.csv", index=False)
    estimator = LogisticRegression().fit(TRAIN[["alone", "size"]], TRAIN["y"])
    joblib.dump(estimator, tmp_path / "m.pkl")
    path = tmp_path / "m.pkl"
    sha256 = sha256_of(path.read_bytes())
    register_model(str(path), name="m", data=tmp_path / "train.csv", target="y", trust=[sha256])
    return "m"


def test_batch_and_service_read_them_alike_and_the_manifest_says_so(
    model: str, tmp_path: Path
) -> None:
    schema = open_model(model).schema
    assert schema is not None
    assert [one.binary for one in schema.columns] == [True, False]
    plain = pd.DataFrame({"alone": [1, 0, 1], "size": [1.5, 2.5, 3.5]})
    plain.to_csv(tmp_path / "plain.csv", index=False)
    plain.astype({"alone": bool}).to_csv(tmp_path / "in.csv", index=False)
    expected = titanic_batch.score(tmp_path / "plain.csv", tmp_path / "a.csv", model=model)
    found = titanic_batch.score(tmp_path / "in.csv", tmp_path / "b.csv", model=model)
    scores = pd.read_csv(tmp_path / "b.csv")["probability"]
    assert scores.equals(pd.read_csv(tmp_path / "a.csv")["probability"])
    assert found.alignment[0] == {**expected.alignment[0], "action": "cast", "booleans": 3}

    scorer = open_scorer(open_model(model))
    for said in (True, "True", "true", 1):
        (verdict,) = scorer.score([{"alone": said, "size": 1.5}])
        assert isinstance(verdict, Scored)
        np.testing.assert_allclose(verdict.probabilities["probability"], scores[0], atol=1e-12)
    (verdict,) = scorer.score([{"alone": 1, "size": "true"}])
    assert isinstance(verdict, Refusal)
    assert (verdict.reason, verdict.column) == ("not-a-number", "size")
