"""A name that leaves no room for the files beside it is refused before any work."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

import titanic_batch
from tests.publish.publishing import REJECTS, fail_for_rejects, files_in, publish
from titanic_batch.errors import UsageError
from titanic_batch.publish.paths import output_paths, require_names
from titanic_batch.publish.verify import verify

Score = Callable[..., Any]


@pytest.fixture
def score(tmp_path: Path) -> Score:
    model = tmp_path / "tree.joblib"
    joblib.dump(DecisionTreeClassifier().fit(pd.DataFrame({"Age": [0.0, 9.0]}), [0, 1]), model)
    (tmp_path / "in.csv").write_text("Age\n1\n2\n", encoding="utf-8")

    def run(source: Path, output: Path | str, **more: Any) -> Any:
        trust = hashlib.sha256(model.read_bytes()).hexdigest()
        return titanic_batch.score_files(source, output, model=str(model), trust=trust, **more)

    return run


def longest_name(folder: Path) -> int:
    """Return how long an output's name may be where all that stands beside it has room."""
    return os.pathconf(folder, "PC_NAME_MAX") - len(f"..failed.rejects.csv.{'0' * 32}.tmp")


@pytest.mark.parametrize("letter", ["a", "é", "\N{PILE OF POO}"])
def test_the_longest_name_that_is_let_through_works_to_the_end(folder: Path, letter: str) -> None:
    size = len(letter.encode())
    room = longest_name(folder) - len(".csv")
    output = folder / f"{letter * (room // size)}{'a' * (room % size)}.csv"
    publish(output, rejects=REJECTS)
    fail_for_rejects(output)
    publish(output)
    assert verify(output).rows == 3
    with pytest.raises(UsageError, match="shorter name, by 1 bytes at least"):
        require_names(output_paths(output.with_name(f"a{output.name}")))


@pytest.mark.parametrize("more", [1, 6, 20, 51, 60, 5_000])
def test_a_longer_one_is_2_and_nothing_is_read_or_written(
    folder: Path, tmp_path: Path, score: Score, more: int
) -> None:
    name = "a" * (longest_name(folder) + more - len(".csv"))
    with pytest.raises(UsageError, match=r"its (name|path) is too long"):
        score(tmp_path / "in.csv", folder / f"{name}.csv")
    with pytest.raises(UsageError, match=r"its (name|path) is too long"):
        score(tmp_path / "in.csv", folder / "yet to be made" / f"{name}.csv")
    assert files_in(folder) == {}


def test_so_is_a_long_name_of_the_rejects(folder: Path, tmp_path: Path, score: Score) -> None:
    with pytest.raises(UsageError, match="its name is too long"):
        score(tmp_path / "in.csv", folder / "out.csv", rejects=folder / f"{'r' * 220}.csv")
    assert files_in(folder) == {}


def test_so_is_a_long_path(tmp_path: Path, score: Score) -> None:
    deep = tmp_path.joinpath(*["d" * 200] * 25)
    with pytest.raises(UsageError, match="its path is too long"):
        score(tmp_path / "in.csv", deep / "out.csv")


def test_of_several_files_the_others_are_scored(folder: Path, tmp_path: Path, score: Score) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name in ("a", "b" * 210, "c"):
        (inputs / f"{name}.csv").write_text("Age\n1\n", encoding="utf-8")
    outcomes = score(inputs, f"{folder}/")
    assert [getattr(outcome.error, "exit_code", 0) for outcome in outcomes] == [0, 2, 0]
    assert verify(folder / "c.parquet").rows == 1


@pytest.mark.parametrize(
    "name", ["a\nb.csv", " a .csv", "-a.csv", "*.csv", "[a].csv", "é\u202e.csv"]
)
def test_odd_names_are_names(folder: Path, name: str) -> None:
    for rejects in (REJECTS, ()):
        publish(folder / name, rejects=rejects)
    assert verify(folder / name).rows == 3
    assert set(files_in(folder)) == {name, f"{name}.manifest.json"}
