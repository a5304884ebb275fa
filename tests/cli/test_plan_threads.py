"""By a kept plan, a run loads no model; it does for the rows that the plan leaves to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from tests.cli.command import DIRTY, PASSENGERS, Command, manifest
from tests.private_place import private_folder

__all__ = ["private_folder"]


@pytest.fixture
def caching(command: Command, private_folder: Path) -> Command:
    """Return the command, with a folder for plans that is its user's alone."""
    return command.having(TITANIC_BATCH_CACHE=private_folder)


def saved(model: Any, folder: Path, caching: Command) -> Path:
    path = folder / "model.pkl"
    joblib.dump(model, path)
    caching("models", "trust", path)
    caching("models", "compile", path)
    return path


#: Runs commands, each a line of words, and prints which packages were imported meanwhile.
_IMPORTS = """
import contextlib, sys
from titanic_batch.cli.app import main
for line in sys.argv[1:]:
    sys.argv = ["titanic-batch", *line.split()]
    with contextlib.suppress(SystemExit):
        main()
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_where_the_plan_decides_all_rows_nothing_heavy_is_imported(
    with_plan: Command, tmp_path: Path
) -> None:
    parquet = PASSENGERS.with_suffix(".parquet")
    done = subprocess.run(
        [
            *(sys.executable, "-c", _IMPORTS),
            f"score {PASSENGERS} out.parquet -q",
            f"score {parquet} again.parquet -q",
            f"score {DIRTY} out.csv -q --max-rejects 90%",
        ],
        cwd=tmp_path,
        env=dict(with_plan.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stdout.split())
    assert "numpy" in imported
    assert not imported & {"sklearn", "scipy", "pandas", "bentoml", "pydantic"}
    for name in ("out.parquet", "again.parquet", "out.csv"):
        assert manifest(tmp_path / name)["predictor"]["kind"] == "compiled"
    assert manifest(tmp_path / "out.csv")["rows"]["rejected"] > 0


def test_a_manifest_says_the_same_of_a_model_that_was_not_loaded(
    caching: Command, tmp_path: Path
) -> None:
    caching("score", PASSENGERS, "before.csv")
    caching("models", "compile", "titanic_model:latest")
    caching("score", PASSENGERS, "after.csv")
    before, after = (manifest(tmp_path / name) for name in ("before.csv", "after.csv"))
    for key in ("model", "libraries", "alignment", "nulls", "rows", "options", "warnings"):
        assert after[key] == before[key], key


@pytest.mark.parametrize("workers", ["1", "3"])
def test_rows_at_a_decision_boundary_are_the_models_own(
    workers: str, caching: Command, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"a": [-1.0, 1.0] * 20, "b": [0.5] * 40})
    model = LogisticRegression(fit_intercept=False).fit(frame, [0, 1] * 20)
    model.coef_[0, 1] = 0.0
    path = saved(model, tmp_path, caching)
    rows = pd.DataFrame({"a": [0.0, 1e-12, 1.0, -2.0], "b": 1.0})
    rows.to_csv(tmp_path / "in.csv", index=False)
    caching("score", "in.csv", "out.parquet", "-m", path, "--workers", workers)
    assert manifest(tmp_path / "out.parquet")["predictor"]["rows_by_estimator"] == 2
    found = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert found["prediction"].tolist() == model.predict(rows).tolist()


def test_a_row_on_which_the_model_raises_is_a_reject(caching: Command, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [-1.0, 1.0] * 20})
    path = saved(LogisticRegression().fit(frame, [0, 1] * 20), tmp_path, caching)
    (tmp_path / "in.csv").write_text("n,a\n1,2\n2,\n3,-4\n")
    caching(*("score", "in.csv", "out.csv", "-m", path, "--allow-null", "a", "--max-rejects", "1"))
    known = manifest(tmp_path / "out.csv")
    assert known["rejects"]["by_reason"] == {"model-error": 1}
    assert known["rows"] == {"read": 3, "scored": 2, "rejected": 1}
    assert known["predictor"]["kind"] == "compiled"


def test_many_small_files_are_scored_by_the_plan(caching: Command, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": range(40)}, dtype=float)
    model = DecisionTreeClassifier().fit(frame, frame["a"] > 17)
    path = saved(model, tmp_path, caching)
    (tmp_path / "in").mkdir()
    for n in range(120):
        pd.DataFrame({"a": [n / 3, n / 7]}).to_csv(tmp_path / "in" / f"{n}.csv", index=False)
    caching("score", "in", "out/", "-m", path, "-q")
    for n in (0, 53, 119):
        found = pq.read_table(tmp_path / "out" / f"{n}.parquet").column("prediction").to_pylist()
        assert found == [n / 3 > 17, n / 7 > 17]
    assert manifest(tmp_path / "out" / "7.parquet")["predictor"]["kind"] == "compiled"


def test_raw_columns_are_mapped_and_filled_before_the_plan(
    caching: Command, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"Sex": [0, 1] * 20, "Age": [float(n) for n in range(40)]})
    model = LogisticRegression().fit(frame, [0, 1, 1, 1] * 10)
    path = saved(model, tmp_path, caching)
    raw = "Sex,Age\nmale,20\nfemale,\nmale,\nfemale,33.5\n"
    (tmp_path / "in.csv").write_text(raw)
    caching(
        *("score", "in.csv", "out.parquet", "-m", path),
        *("--map", "Sex:male=0,female=1", "--fill", "Age=30", "--threshold", "0.6"),
    )
    assert manifest(tmp_path / "out.parquet")["predictor"]["kind"] == "compiled"
    coded = pd.DataFrame({"Sex": [0, 1, 0, 1], "Age": [20.0, 30.0, 30.0, 33.5]})
    wanted = model.predict_proba(coded)[:, 1]
    found = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert abs(found["probability"] - wanted).max() <= 1e-12
    assert found["prediction"].tolist() == (wanted >= 0.6).astype(int).tolist()
