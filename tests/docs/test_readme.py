"""The README's commands do what it says they do."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import joblib
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from tests.cli.conftest import environment_in, home, shared, warm_bin, warm_server

__all__ = ["home", "shared", "warm_bin", "warm_server"]  # fixtures of the command line's tests

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def shell(
    command: str, folder: Path, home: Path | None = None, *programs: Path
) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(
        [*map(str, (*programs, Path(sys.executable).parent)), os.environ["PATH"]]
    )
    env = {**environment_in(home or folder), "PATH": path}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    passengers = ROOT / "sample_data" / "passengers.csv"
    shutil.copytree(ROOT / "sample_data", folder / "sample_data")
    shutil.copy(passengers, folder / "input.csv")
    for name in ("input.csv.gz", "in/monday.csv.gz", "in/tuesday.csv.gz"):
        (folder / name).parent.mkdir(exist_ok=True)
        with gzip.open(folder / name, "wb") as packed:
            packed.write(passengers.read_bytes())
    return folder


def test_the_ten_commands_run_in_their_order(workplace: Path, warm_bin: Path) -> None:
    commands = [line.split("#")[0].strip() for line in blocks("bash")[0].splitlines()]
    assert len(commands) == 10
    # Somebody's own model file, which nothing of ours has seen yet.
    frame = pd.read_csv(workplace / "sample_data" / "train.csv")
    tree = DecisionTreeClassifier().fit(frame[["Pclass", "SibSp", "Parch"]], frame["Survived"])
    joblib.dump(tree, workplace / "best_model.pkl")
    for command in commands:
        assert "titanic-batch " in command
        done = shell(command, workplace, None, warm_bin)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "Traceback" not in done.stderr
    manifest = json.loads((workplace / "scored.parquet.manifest.json").read_text())
    assert manifest["model"]["tag"] == "best_model.pkl"
    assert len(list((workplace / "scored").glob("*.parquet"))) == 2
    assert (workplace / "scored.csv").read_text().startswith("PassengerId,")


def test_the_python_example_runs(workplace: Path, home: Path) -> None:
    (workplace / "example.py").write_text(blocks("python")[0])
    done = shell("python example.py", workplace, home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("418 titanic_model:")


def test_every_exit_code_of_the_errors_is_listed() -> None:
    from titanic_batch import errors

    listed = {
        int(code)
        for row in re.findall(r"^\| ([\d, ]+) \|", README, re.M)
        for code in row.split(",")
    }
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TitanicBatchError)
    }
    assert codes - {1, 141} <= listed
