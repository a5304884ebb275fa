"""Plans: made with a model, found by every run, never trusted in its place, and shown equal."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.cli.command import PASSENGERS, Command, manifest
from tests.private_place import private_folder
from titanic_batch.scoring import choosing

__all__ = ["private_folder"]


@pytest.fixture
def caching(in_process: Command, private_folder: Path) -> Command:
    """Return the command, with a folder for plans that is its user's alone."""
    return in_process.having(TITANIC_BATCH_CACHE=private_folder)


def plan_in(folder: Path) -> Path:
    (found,) = folder.glob("*.plan")
    return found


def predictor(output: Path) -> Any:
    return manifest(output)["predictor"]


def scores(output: Path) -> pd.DataFrame:
    found: pd.DataFrame = pq.read_table(output, columns=["prediction", "probability"]).to_pandas()
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_compiled_model_is_scored_by_its_plan_with_the_same_labels(
    caching: Command, private_folder: Path, tmp_path: Path
) -> None:
    caching("score", PASSENGERS, "before.parquet")
    assert predictor(tmp_path / "before.parquet") == {
        "kind": "scikit-learn",
        "reason": "no plan is kept",
        "plan_sha256": None,
        "rows_by_estimator": 418,
    }
    assert "scikit-learn (no plan is kept)" in caching("models", "show").out
    done = caching("models", "compile", "titanic_model:latest", "--json").json
    assert Path(done["path"]) == plan_in(private_folder)
    caching("score", PASSENGERS, "after.parquet")
    assert predictor(tmp_path / "after.parquet") == {
        "kind": "compiled",
        "reason": None,
        "plan_sha256": sha256(plan_in(private_folder)),
        "rows_by_estimator": 0,
    }
    before, after = scores(tmp_path / "before.parquet"), scores(tmp_path / "after.parquet")
    assert after["prediction"].tolist() == before["prediction"].tolist()
    assert np.abs(after["probability"] - before["probability"]).max() <= 1e-12
    assert "predictor    compiled" in caching("models", "show").out
    assert caching("models", "show", "--json").json["predictor"] == "compiled"
    assert "predictor: compiled" in caching("check", PASSENGERS).out
    assert caching("check", PASSENGERS, "--json").json["predictor"] == "compiled"


def test_any_number_of_workers_writes_the_same_bytes_by_a_plan(
    command: Command, compiled: Path, private_folder: Path, large_csv: Path, tmp_path: Path
) -> None:
    caching = command.having(TITANIC_BATCH_CACHE=private_folder)
    shutil.copy(compiled, private_folder)
    for workers in "13":
        caching("score", large_csv, f"out{workers}.csv", "--workers", workers, "--keep", "none")
        assert predictor(tmp_path / f"out{workers}.csv")["kind"] == "compiled"
    assert len({sha256(tmp_path / f"out{workers}.csv") for workers in "13"}) == 1


def test_a_large_input_makes_the_plan_and_keeps_it(
    caching: Command, private_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = PASSENGERS.stat().st_size
    monkeypatch.setattr(choosing, "WORTH_BYTES", large)
    caching("score", PASSENGERS, "small.parquet", "--keep", "none")
    assert predictor(tmp_path / "small.parquet")["kind"] == "scikit-learn"
    monkeypatch.setattr(choosing, "WORTH_BYTES", large - 1)
    caching("score", PASSENGERS, "out.parquet", "--keep", "none")
    known = predictor(tmp_path / "out.parquet")
    assert known["kind"] == "compiled"
    assert known["plan_sha256"] == sha256(plan_in(private_folder))
    caching("verify", "out.parquet", "--recompute", "--sample", "100")


def test_where_no_plan_can_be_kept_a_large_input_still_gets_one(
    command: Command, large_csv: Path, tmp_path: Path
) -> None:
    assert large_csv.stat().st_size > choosing.WORTH_BYTES
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    command.having(TITANIC_BATCH_CACHE=folder)("score", large_csv, "out.parquet", "--keep", "none")
    assert predictor(tmp_path / "out.parquet")["kind"] == "compiled"
    assert list(folder.glob("*")) == []


ODD_FILES: dict[str, Callable[[Path], Any]] = {
    "damaged": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "empty": lambda path: path.write_bytes(b""),
    "others can write": lambda path: path.chmod(0o666),
    "a folder": lambda path: path.rename(path.with_name("it")).parent.joinpath(path.name).mkdir(),
    "a link": lambda path: path.symlink_to(path.rename(path.with_name("it"))),
}


@pytest.mark.parametrize("odd", ODD_FILES)
def test_an_odd_plan_is_not_used_and_the_scores_are_the_same(
    odd: str, with_plan: Command, private_folder: Path, tmp_path: Path
) -> None:
    with_plan("score", PASSENGERS, "by-plan.parquet")
    path = plan_in(private_folder)
    ODD_FILES[odd](path)
    done = with_plan("score", PASSENGERS, "out.parquet", "-v")
    known = predictor(tmp_path / "out.parquet")
    assert known["kind"] == "scikit-learn"
    assert str(path) in known["reason"]
    assert f"predicted by scikit-learn: {known['reason']}" in done.said
    labels = [scores(tmp_path / name)["prediction"] for name in ("by-plan.parquet", "out.parquet")]
    assert labels[0].tolist() == labels[1].tolist()


def test_a_folder_that_others_can_write_to_holds_no_plan(
    with_plan: Command, private_folder: Path, tmp_path: Path
) -> None:
    private_folder.chmod(0o777)
    with_plan("score", PASSENGERS, "out.parquet")
    assert "others can write to its folder" in predictor(tmp_path / "out.parquet")["reason"]
    said = with_plan("models", "compile", "titanic_model:latest").said
    assert said.startswith(f"warning: no run reads a plan in {private_folder}: others can write")


def test_another_models_plan_under_its_name_is_not_used(
    with_plan: Command, model_file: Path, private_folder: Path, tmp_path: Path
) -> None:
    mine = plan_in(private_folder)
    joblib.dump(joblib.load(model_file), tmp_path / "other.pkl", compress=1)
    with_plan("models", "compile", "other.pkl", "--trust", sha256(tmp_path / "other.pkl"))
    (others,) = set(private_folder.glob("*.plan")) - {mine}
    shutil.copyfile(others, mine)
    with_plan("score", PASSENGERS, "out.parquet")
    assert "it is of another model" in predictor(tmp_path / "out.parquet")["reason"]


def test_a_plan_is_no_trust(
    caching: Command, model_file: Path, private_folder: Path, tmp_path: Path
) -> None:
    model = tmp_path / "stranger.pkl"
    joblib.dump(joblib.load(model_file), model, compress=1)
    caching("models", "compile", model, "--trust", sha256(model))
    assert plan_in(private_folder).is_file()
    caching("score", PASSENGERS, "out.parquet", "-m", model, code=77)
    caching("models", "trust", model)
    caching("score", PASSENGERS, "out.parquet", "-m", model)
    assert predictor(tmp_path / "out.parquet")["kind"] == "compiled"
    caching("models", "untrust", model)
    assert list(private_folder.glob("*")) == []
    caching("score", PASSENGERS, "again.parquet", "-m", model, code=77)


def test_what_is_not_compiled_says_so(caching: Command, tmp_path: Path) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    frame = pd.read_csv(PASSENGERS)[["Fare", "SibSp"]].fillna(0.0)
    joblib.dump(KNeighborsClassifier(3).fit(frame, frame["SibSp"] > 0), tmp_path / "knn.pkl")
    caching("models", "trust", "knn.pkl")
    error = caching("models", "compile", "knn.pkl", code=69).error
    assert "KNeighborsClassifier is not compiled" in error


def test_plans_for_an_image(caching: Command, private_folder: Path, tmp_path: Path) -> None:
    caching("models", "compile", "titanic_model:latest", "-o", private_folder / "image")
    other = caching.having(TITANIC_BATCH_CACHE=private_folder / "image")
    other("score", PASSENGERS, "out.parquet")
    assert predictor(tmp_path / "out.parquet")["kind"] == "compiled"
    for path in (private_folder / "image", plan_in(private_folder / "image")):
        assert path.stat().st_mode & 0o044 == 0o044  # whoever the image runs as


class TestRecompute:
    """`verify --recompute`: scikit-learn's own word on a published output."""

    @pytest.mark.parametrize("output", ["out.csv", "out.parquet"])
    def test_all_rows_are_as_scikit_learn_scores_them(
        self, output: str, with_plan: Command
    ) -> None:
        with_plan("score", PASSENGERS, output, "--max-rejects", "1")
        done = with_plan("verify", output, "--recompute", "--json").json
        assert done["recomputed"]["rows"] == 418
        assert done["recomputed"]["largest_difference"] <= 1e-12
        some = with_plan("verify", output, "--recompute", "--sample", "40", "--json").json
        assert 40 <= some["recomputed"]["rows"] <= 50

    def test_a_forged_score_is_found(self, caching: Command, tmp_path: Path) -> None:
        caching("score", PASSENGERS, "out.csv")
        path = tmp_path / "out.csv"
        lines = path.read_text().splitlines(keepends=True)
        *cells, label, probability = lines[7].rstrip("\n").split(",")
        lines[7] = ",".join([*cells, str(1 - int(label)), probability]) + "\n"
        path.write_text("".join(lines))
        known = manifest(path)
        known["output"]["sha256"] = sha256(path)
        path.with_name("out.csv.manifest.json").write_text(json.dumps(known))
        caching("verify", "out.csv")
        assert (
            "row 7, column prediction" in caching("verify", "out.csv", "--recompute", code=65).error
        )

    def test_what_is_gone_or_changed(self, caching: Command, tmp_path: Path) -> None:
        shutil.copy(PASSENGERS, tmp_path / "in.csv")
        caching("score", "in.csv", "out.csv")
        with (tmp_path / "in.csv").open("ab") as file:
            file.write(b"1310,3,A,male,1,0,0,x,1,,S\n")
        assert "has changed since" in caching("verify", "out.csv", "--recompute", code=65).error
        (tmp_path / "in.csv").unlink()
        caching("verify", "out.csv", "--recompute", code=66)
        caching("score", "-", "piped.csv", stdin=PASSENGERS.read_bytes())
        caching("verify", "piped.csv", "--recompute", code=2)
        caching("verify", "out.csv", "--sample", "3", code=2)
