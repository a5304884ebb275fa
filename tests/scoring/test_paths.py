"""Paths that few programs think of."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import joblib
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

import titanic_batch
from titanic_batch.errors import UsageError
from titanic_batch.publish.verify import verify


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tree.joblib"
    joblib.dump(DecisionTreeClassifier().fit(pd.DataFrame({"Age": [0.0, 9.0]}), [0, 1]), path)
    return path


def trust_in(model: Path) -> list[str]:
    return [hashlib.sha256(model.read_bytes()).hexdigest()]


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="macOS has UTF-8 names only")
def test_names_that_are_no_utf8(model: Path, tmp_path: Path) -> None:
    source, output = (tmp_path / os.fsdecode(name) for name in (b"in\xff.csv", b"out\xfe.csv"))
    source.write_text("Age\n1\nold\n", encoding="utf-8")
    for _ in range(2):  # the second run knows the first one's output and rejects as its own
        titanic_batch.score(
            source, output, model=str(model), trust=trust_in(model), max_rejects="1"
        )
    found = verify(output)
    assert found.rows == 1
    assert found.manifest["input"]["path"] == str(source)


@pytest.mark.parametrize("overwrite", [False, True])
def test_rejects_never_replace_the_model(model: Path, tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "in.csv").write_text("Age\n1\nold\n", encoding="utf-8")
    before = model.read_bytes()
    with pytest.raises(UsageError, match="the model itself would be written over"):
        titanic_batch.score(
            tmp_path / "in.csv",
            tmp_path / "out.csv",
            model=str(model),
            trust=trust_in(model),
            rejects=str(model),
            max_rejects="1",
            overwrite=overwrite,
        )
    assert before == model.read_bytes()
