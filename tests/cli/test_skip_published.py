"""--skip-published: do nothing if the same is published already, and only then."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import PASSENGERS, Command, manifest, state


@pytest.fixture
def command(in_process: Command) -> Command:
    return in_process


@pytest.fixture
def score(command: Command, tmp_path: Path) -> Callable[..., bool]:
    """Return a call that scores in.csv with --skip-published and tells whether it was scored."""
    shutil.copy(PASSENGERS, tmp_path / "in.csv")
    (tmp_path / "out").mkdir()

    def call(*options: object) -> bool:
        before = state(tmp_path / "out")
        command("score", "in.csv", "out/out.csv", "--skip-published", *options, "-q")
        return before != state(tmp_path / "out")

    return call


def test_the_same_again_is_left_untouched(score: Callable[..., bool], command: Command) -> None:
    assert score()
    assert not score()
    assert not score("--workers", "1")
    done = command("score", "in.csv", "out/out.csv", "--skip-published")
    assert done.out == ""
    assert "already published" in done.err
    before = manifest(command.folder / "out" / "out.csv")
    assert command("score", "in.csv", "out/out.csv", "--skip-published", "--json").json == before


def test_another_option_scores_again(score: Callable[..., bool]) -> None:
    assert score()
    for options in (
        ("--threshold", "0.3"),
        ("--keep", "PassengerId"),
        ("--fill", "Age=30"),
        ("--prediction-column", "Survived"),
        ("--max-rejects", "5"),
    ):
        assert score(*options), options
        assert not score(*options), options
    assert score()


def test_another_input_model_or_output_scores_again(
    score: Callable[..., bool], command: Command, home: Path, tmp_path: Path
) -> None:
    assert score()
    text = (tmp_path / "in.csv").read_text("utf-8")
    (tmp_path / "in.csv").write_text(text.replace(",26,", ",27,", 1), "utf-8")
    assert score()
    assert not score()

    copy = tmp_path / "home"
    shutil.copytree(home, copy, symlinks=True)
    own = command.having(HOME=copy, XDG_CONFIG_HOME=copy / "config", BENTOML_HOME=copy / "bentoml")
    edited = ("models", "save", home / "best_model.pkl", "--name", "titanic_model")
    own(*edited, "--fill", "Age=30", "-q")
    before = state(tmp_path / "out")
    own("score", "in.csv", "out/out.csv", "--skip-published", "-q")
    assert before != state(tmp_path / "out")
    assert score()  # the first model again

    output = tmp_path / "out" / "out.csv"
    output.with_name("out.csv.manifest.json").unlink()
    done = command("score", "in.csv", "out/out.csv", "--skip-published", code=2)
    assert "--overwrite" in done.error
    assert score("--overwrite")
    output.unlink()
    assert score()


def test_a_folder_scores_only_what_is_new(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(PASSENGERS, tmp_path / "in" / "a.csv")
    command("score", "in", "out/", "--skip-published", "-q")
    before = state(tmp_path / "out")
    shutil.copy(PASSENGERS, tmp_path / "in" / "b.csv")
    done = command("score", "in", "out/", "--skip-published", "--json")
    assert [entry["rows"]["scored"] for entry in done.json["files"]] == [418, 418]
    after = state(tmp_path / "out")
    assert before == {name: after[name] for name in before}
    assert set(after) - set(before) == {"b.parquet", "b.parquet.manifest.json"}
