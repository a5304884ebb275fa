"""A store with a small model named titanic_model, and projects with the sample jobs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.cli.command import Done, run_in_process
from tests.cli.conftest import home, shared, warm_bin, warm_server
from tests.no_plans import WITHOUT_PLANS
from titanic_batch.jobs.job_file import Job, read_job
from titanic_batch.training import save_model
from titanic_batch.training.learn_schema import learn_schema_from_frame

__all__ = ["home", "shared", "warm_bin", "warm_server"]  # fixtures of the command line's tests

ROOT = Path(__file__).parents[2]
SAMPLE_DATA = ROOT / "sample_data"
WORDS = ["Pclass", "Sex"]
NUMBERS = ["Age", "SibSp", "Parch", "Fare"]


@dataclass(frozen=True, kw_only=True)
class Store:
    """A home with a BentoML store.

    Attributes:
        home: The home.
        tag: The model's full tag.
        sha256: The model's hash.
        other: Tag and hash of a second model of another name.
    """

    home: Path
    tag: str
    sha256: str
    other: tuple[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.home)


def environment_of(home: Path) -> dict[str, str]:
    return {
        **WITHOUT_PLANS,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "BENTOML_HOME": str(home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
    }


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment_of(home).items():
            patch.setenv(name, value)
        tag, sha256 = _train("titanic_model", 1.0)
        return Store(home=home, tag=tag, sha256=sha256, other=_train("other_model", 0.001))


@pytest.fixture(autouse=True)
def _environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TITANIC_BATCH_")]:
        monkeypatch.delenv(name)
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with the sample jobs and the sample data, as they are."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "jobs", folder / "jobs")
    shutil.copytree(SAMPLE_DATA, folder / "sample_data")
    return folder


@pytest.fixture
def job_of(tmp_path: Path) -> Callable[..., Job]:
    """Return a maker of jobs; `more` is added to a file with an input and an output."""

    def make(more: str = "", *, source: str = "in.csv", target: str = "out/{date}.csv") -> Job:
        return read_job(write_job(tmp_path, more, source=source, target=target))

    return make


@pytest.fixture
def passengers(tmp_path: Path) -> Path:
    """Return `in.csv` beside the job file of `job_of`: five passengers."""
    lines = (SAMPLE_DATA / "passengers.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "in.csv"
    path.write_text("".join(lines[:6]), encoding="utf-8")
    return path


def write_job(
    folder: Path, more: str = "", *, source: str = "in.csv", target: str = "out/{date}.csv"
) -> Path:
    path = folder / "job.toml"
    text = f"[output]\npath = '{target}'\n[input]\npath = '{source}'\n{more}\n"
    path.write_text(text, encoding="utf-8")
    return path


def outputs_in(folder: Path) -> list[str]:
    """Return the names in a folder of outputs, without the run records."""
    return sorted(path.name for path in folder.glob("*") if path.name != ".titanic-batch")


def command(*arguments: str, home: Path, cwd: Path, **more: str) -> Done:
    """Run the command line in this process, with nothing else in its environment."""
    alone = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **environment_of(home), **more}
    return run_in_process(arguments, alone, cwd)


def _train(name: str, strength: float) -> tuple[str, str]:
    frame = pd.read_csv(SAMPLE_DATA / "train.csv")[[*WORDS, *NUMBERS, "Survived"]]
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), WORDS), (SimpleImputer(), NUMBERS)),
        LogisticRegression(C=strength, max_iter=2_000),
    ).fit(frame.drop(columns="Survived"), frame["Survived"])
    schema = learn_schema_from_frame(model, frame, target="Survived")
    saved = save_model(model, name=name, schema=schema)
    return saved.tag, saved.sha256
