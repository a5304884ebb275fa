"""Rows read = rows scored + rows rejected, or nothing is published."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

import titanic_batch
from titanic_batch.chunk import prepare
from titanic_batch.chunk.output import output_table
from titanic_batch.chunk.rejects import reject_records
from titanic_batch.errors import TitanicBatchError
from titanic_batch.publish.rejects import Reject


@pytest.fixture
def score(tmp_path: Path) -> Callable[[], Any]:
    """Return what scores ten rows, two of which are rejects."""
    rows = pd.DataFrame({"Age": [str(age) for age in range(8)] + ["old", "young"]})
    rows.to_csv(tmp_path / "in.csv", index=False)
    model = tmp_path / "tree.joblib"
    train = pd.DataFrame({"Age": [0.0, 9.0]})
    joblib.dump(DecisionTreeClassifier().fit(train, [0, 1]), model)
    trust = hashlib.sha256(model.read_bytes()).hexdigest()
    return lambda: titanic_batch.score(
        tmp_path / "in.csv", tmp_path / "out.csv", model=str(model), trust=[trust], max_rejects=2
    )


def lose_the_last(*arguments: Any) -> tuple[tuple[Reject, ...], Counter[str]]:
    rejects, others = reject_records(*arguments)
    return rejects[:-1], others


def test_rows_add_up(score: Callable[[], Any]) -> None:
    rows = score().rows
    assert (rows.read, rows.scored, rows.rejected) == (10, 8, 2)


@pytest.mark.parametrize("lost", ["scored", "rejected"])
def test_a_row_that_is_lost_on_the_way_stops_the_run(
    lost: str, score: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lost == "scored":
        monkeypatch.setattr(
            f"{prepare.__name__}.output_table", lambda *a: output_table(*a).slice(1)
        )
    else:
        monkeypatch.setattr(f"{prepare.__name__}.reject_records", lose_the_last)
    with pytest.raises(TitanicBatchError, match="rows do not add up: 10 read"):
        score()
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "tree.joblib"}
