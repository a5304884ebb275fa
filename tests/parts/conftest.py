"""A small trusted model, and inputs of a few rows that make several parts."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.cli.command import Done, run_in_process
from tests.no_plans import WITHOUT_PLANS

TRAIN = pd.DataFrame(
    {
        "Sex": ["male", "female"] * 20,
        "Age": np.arange(40) + 0.5,
        "Survived": [0, 1] * 15 + [1] * 10,
    }
)
#: Good rows, quoted newlines, and rejects: a record that starts on line 7 is row 5.
ROWS = (
    'male,20,"a\nb"\n',
    "female,31,c\n",
    "female,,d\n",
    "male,x,e\n",
    "unheard,40,f\n",
    "male,41,NULL\n",
    'female,33,"g, ""h"""\n',
)


def input_text(times: int = 8) -> str:
    return "Sex,Age,note\n" + "".join(ROWS) * times


def fit(path: Path, survived: list[int] | None = None) -> None:
    columns = make_column_transformer((OneHotEncoder(), ["Sex"]), remainder="passthrough")
    target = TRAIN["Survived"] if survived is None else survived
    joblib.dump(
        make_pipeline(columns, LogisticRegression()).fit(TRAIN[["Sex", "Age"]], target), path
    )


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A folder with a model that is trusted, where commands run."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *arguments: object, code: int = 0) -> Done:
        done = run_in_process(arguments, self.environment, self.folder)
        assert done.code == code, done
        return done

    def having(self, **environment: str) -> Lab:
        return replace(self, environment={**self.environment, **environment})

    def parts(self, verb: str, *arguments: object, code: int = 0) -> Done:
        return self("parts", verb, *arguments, code=code)

    @property
    def private(self) -> Path:
        """The private folder beside out/."""
        (found,) = self.folder.glob(".out.*.work")
        return found


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.pkl"
    fit(path)
    return path


@pytest.fixture
def lab(trained: Path, tmp_path: Path) -> Lab:
    (tmp_path / "model.pkl").write_bytes(trained.read_bytes())
    (tmp_path / "in.csv").write_text(input_text())
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TITANIC_BATCH_")},
        **WITHOUT_PLANS,
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "home"),
        "TITANIC_BATCH_MODEL": "model.pkl",
        "TITANIC_BATCH_TRUST": hashlib.sha256(trained.read_bytes()).hexdigest(),
    }
    return Lab(folder=tmp_path, environment=environment)


#: Rejects are allowed, and a part holds some ten of the rows above.
SOME = ("--max-rejects", "50%", "--part-size", "150", "--unknown", "Sex=reject")


def manifest_in(folder: Path) -> Any:
    import json

    return json.loads((folder / "_manifest.json").read_text())


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("part-*"))
    }
