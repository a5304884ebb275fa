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

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {
        **os.environ,
        "PATH": path,
        "HOME": str(folder),
        "BENTOML_HOME": str(folder / "bentoml"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
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


def test_the_ten_commands_run_in_their_order(workplace: Path) -> None:
    commands = [line.split("#")[0].strip() for line in blocks("bash")[0].splitlines()]
    assert len(commands) == 10
    # Somebody's own model file, which nothing of ours has seen yet.
    made = shell(
        'python -c "import joblib, pandas as pd;'
        "from sklearn.tree import DecisionTreeClassifier as T;"
        "d = pd.read_csv('sample_data/train.csv');"
        "joblib.dump(T().fit(d[['Pclass', 'SibSp', 'Parch']], d.Survived), 'best_model.pkl')\"",
        workplace,
    )
    assert made.returncode == 0, made.stderr
    for command in commands:
        done = shell(command, workplace)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "Traceback" not in done.stderr
    manifest = json.loads((workplace / "scored.parquet.manifest.json").read_text())
    assert manifest["model"]["tag"] == "best_model.pkl"
    assert len(list((workplace / "scored").glob("*.parquet"))) == 2
    assert (workplace / "scored.csv").read_text().startswith("PassengerId,")


def test_the_python_example_runs(workplace: Path) -> None:
    (workplace / "example.py").write_text(blocks("python")[0])
    done = shell("titanic-batch models train -q && python example.py", workplace)
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
