"""The `models` commands: what they print, and where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from typer.testing import CliRunner, Result

from titanic_batch.cli.models import models_app
from titanic_batch.errors import TitanicBatchError, UsageError
from titanic_batch.models import open_model
from titanic_batch.schema import TrainingSchema
from titanic_batch.training import save_model

COMMANDS = ["list", "show", "train", "save", "trust", "untrust", "export", "import", "delete"]


def run(*arguments: object) -> Result:
    """Run `titanic-batch models ...`; its errors are raised, as for cli/app.py."""
    result = CliRunner().invoke(models_app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def saved(fitted: Any, schema: TrainingSchema) -> str:
    return save_model(fitted, name="titanic_model", schema=schema).tag


@pytest.fixture
def pickle_file(fitted: Any, tmp_path: Path) -> Path:
    path = tmp_path / "best_model.pkl"
    joblib.dump(fitted, path)
    return path


def test_help_opens_with_an_example_and_imports_nothing_heavy() -> None:
    script = f"""
import sys
from typer.testing import CliRunner
from titanic_batch.cli.models import models_app
for command in {COMMANDS!r}:
    result = CliRunner().invoke(models_app, [command, "--help"])
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert text.index(f"Example: titanic-batch models {{command}}") < text.index("Options"), text
heavy = "sklearn pandas numpy bentoml joblib skops pyarrow".split()
found = [name for name in heavy if name in sys.modules]
assert not found, found
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_list_prints_whole_tags_and_json(saved: str) -> None:
    table = run("list").stdout.splitlines()
    assert table[0].split() == ["TAG", "CREATED", "SIZE", "FRAMEWORK", "TRUSTED"]
    assert saved in table[1]
    (document,) = json.loads(run("list", "--json").stdout)
    assert document["tag"] == saved
    assert document["trusted"] is True
    known = {"tag", "created", "size_bytes", "framework", "trusted", "sha256", "problem"}
    assert set(document) == known


def test_list_says_what_has_changed_and_what_cannot_be_read(saved: str, home: Path) -> None:
    path = open_model(saved).path
    path.write_bytes(path.read_bytes() + b"more")
    broken = home / "bentoml" / "models" / "broken" / "v1"
    broken.mkdir(parents=True)
    (broken / "model.yaml").write_text("a: &a [1]\nb: *a\n")
    listed = run("list")
    first, second = listed.stdout.splitlines()[1:]
    assert first.split()[0] == "broken:v1"
    assert "unreadable" in first
    assert second.split()[-1] == "changed"
    assert "warning: broken:v1: its model.yaml cannot be read: it uses aliases" in listed.stderr
    assert f"warning: {saved}: it has changed since titanic-batch wrote it on " in listed.stderr
    shown = run("show", saved)
    assert "no: it has changed since titanic-batch wrote it on " in shown.stdout
    assert run("delete", "broken:v1").stdout.startswith("deleted broken:v1 (unreadable")


def test_quiet_leaves_the_result_alone() -> None:
    assert run("list", "-q").stderr == ""
    assert run("list", "-q", "--json").stdout == "[]\n"


def test_an_empty_list_is_empty_on_stdout() -> None:
    assert run("list").stdout == ""
    assert "models train" in run("list").stderr
    assert json.loads(run("list", "--json").stdout) == []


def test_show_prints_the_columns_and_json(saved: str) -> None:
    text = run("show").stdout
    assert "written by titanic-batch" in text
    assert "Pclass" in text
    document = json.loads(run("show", saved, "--json").stdout)
    assert document["schema"]["columns"][0]["name"] == "Sex"
    assert document["path"].endswith("saved_model.pkl")


def test_a_file_is_shown_trusted_and_untrusted(pickle_file: Path) -> None:
    shown = run("show", pickle_file)
    assert f"titanic-batch models trust {pickle_file}" in shown.stderr
    assert run("trust", pickle_file).stdout.startswith(f"trusted {pickle_file} (SHA-256 ")
    open_model(str(pickle_file))
    assert "no longer in your ledger" in run("untrust", pickle_file).stdout
    with pytest.raises(TitanicBatchError):
        open_model(str(pickle_file))


def test_a_file_is_saved_with_edits(pickle_file: Path, tmp_path: Path) -> None:
    run("trust", pickle_file)
    edits = ["--rename", "gender=Sex", "--fill", "Age=28", "--allow-null", "Pclass"]
    more = ["--map", "Sex:m=male,f=female", "--label", "1=survived", "--pickle", tmp_path / "o.pkl"]
    document = json.loads(run("save", pickle_file, "--name", "m", *edits, *more, "--json").stdout)
    columns = {column["name"]: column for column in document["schema"]["columns"]}
    assert columns["Sex"]["source"] == "gender"
    assert columns["Sex"]["mapping"] == [["m", "male"], ["f", "female"]]
    assert columns["Age"]["fill"] == 28.0
    assert columns["Pclass"]["accepts_null"] is True
    assert document["schema"]["labels"] == {"1": "survived"}
    assert open_model(str(tmp_path / "o.pkl")).schema == open_model("m").schema


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--rename", "gender"),
        ("--rename", "=Sex"),
        ("--fill", "Age"),
        ("--map", "Sex"),
        ("--map", "Sex:"),
        ("--map", "Sex:male"),
        ("--map", "Sex:m=male,m=female"),
        ("--label", "survived"),
        ("--features", "a,,b"),
        ("--features", "a,a"),
    ],
)
def test_malformed_options_are_wrong_usage(option: str, value: str, pickle_file: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run("save", pickle_file, option, value)
    assert caught.value.where.startswith(option)


def test_a_model_is_exported_deleted_and_imported(saved: str, tmp_path: Path) -> None:
    archive = run("export", saved, tmp_path).stdout.strip()
    with pytest.raises(UsageError, match="--yes"):
        run("delete", "titanic_model")
    assert f"deleted {saved}" in run("delete", "titanic_model", "--yes").stdout
    assert run("import", archive).stdout == f"imported {saved}\n"
    assert json.loads(run("delete", saved, "--json").stdout)["tag"] == saved


def measured(frame: Any) -> Any:
    return frame.fillna("").map(len)


def test_what_meant_null_in_training_data_is_printed(tmp_path: Path) -> None:
    decks = ["A", "NA", "-", "B"] * 5
    (tmp_path / "train.csv").write_text("\n".join(["deck;y", *(f"{d};1" for d in decks), ""]))
    frame = pd.read_csv(tmp_path / "train.csv", sep=";", na_values=["-"])
    model = make_pipeline(FunctionTransformer(measured), LinearRegression())
    save_model(model.fit(frame[["deck"]], frame["y"]), name="m", schema=TrainingSchema(columns=()))
    result = run(
        "save", "m:latest", "--name", "n", "--data", tmp_path / "train.csv",
        "--target", "y", "--delimiter", ";", "--null", "-",
    )  # fmt: skip
    assert "null in deck: -, NA" in result.stdout.splitlines()
    assert "deck as str" in result.stdout


def test_options_of_reading_need_training_data(pickle_file: Path) -> None:
    with pytest.raises(UsageError, match="how --data is read, and there is none"):
        run("save", pickle_file, "--null", "-")
