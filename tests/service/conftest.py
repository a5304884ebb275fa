"""Three models in one store, and one running server for each, whatever the number of tests."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import joblib
import pandas as pd
import pytest
from filelock import FileLock
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.cli.command import SAMPLE_DATA, Command, WarmCommand
from tests.cli.conftest import Shared, environment_in, home, shared, warm_server
from tests.service.running import Running, start, stop
from titanic_batch.training import SchemaEdits, register_model

__all__ = ["home", "shared", "warm_server"]  # fixtures of the command line's tests

ServiceOf = Callable[[str], Running]


@pytest.fixture(scope="session")
def service_home(shared: Shared, home: Path) -> Path:
    """Return a home whose store holds titanic_model, dummies_model and churn_model."""

    def fill(folder: Path) -> None:
        shutil.copytree(home, folder, dirs_exist_ok=True)
        train = pd.read_csv(SAMPLE_DATA / "train.csv")
        dummies = make_dummies(train)
        joblib.dump(
            DecisionTreeClassifier(max_depth=5, random_state=0).fit(dummies, train["Survived"]),
            folder / "dummies_model.pkl",
        )
        customers = make_customers(train)
        customers.to_csv(folder / "customers.csv", index=False)
        joblib.dump(fit_churn(customers), folder / "churn_model.pkl")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment_in(folder).items():
                patch.setenv(name, value)
            register_model(str(folder / "dummies_model.pkl"), trust=[hash_of(folder, "dummies")])
            register_model(
                str(folder / "churn_model.pkl"),
                data=folder / "customers.csv",
                target="Will Churn",
                edits=SchemaEdits(labels={"yes": "이탈", "no": "유지"}),
                trust=[hash_of(folder, "churn")],
            )

    return shared("service-home", fill)


@pytest.fixture(scope="session")
def service_of(service_home: Path, shared: Shared) -> Iterator[ServiceOf]:
    """Return the running service of a model; test processes share it."""
    board = shared("services", lambda folder: None)
    with ExitStack() as held:
        found: dict[str, Running] = {}

        def of(model: str) -> Running:
            if model not in found:
                found[model] = held.enter_context(_shared_service(board, service_home, model))
            return found[model]

        yield of


@pytest.fixture(scope="session")
def service(service_of: ServiceOf) -> Running:
    return service_of("titanic_model")


@pytest.fixture
def command(service_home: Path, tmp_path: Path, warm_server: str) -> Command:
    environment = environment_in(service_home)
    return WarmCommand(environment=environment, folder=tmp_path, server=warm_server)


def hash_of(folder: Path, model: str) -> str:
    return hashlib.sha256((folder / f"{model}_model.pkl").read_bytes()).hexdigest()


def make_dummies(passengers: pd.DataFrame) -> pd.DataFrame:
    """Prepare passengers as so many notebooks do."""
    columns = passengers[["Pclass", "Age", "SibSp", "Parch", "Fare", "Sex", "Embarked"]]
    filled = columns.fillna({"Age": 28.0, "Fare": 14.45})
    return pd.get_dummies(filled, columns=["Sex", "Embarked"])


def make_customers(passengers: pd.DataFrame) -> pd.DataFrame:
    """Give the passengers other names: a model of anything but the Titanic."""
    known = passengers.dropna(subset=["Age", "Fare"])
    return pd.DataFrame(
        {
            "plan": known["Pclass"].map({1: "gold", 2: "silver", 3: "basic"}),
            "months": known["Age"],
            "monthly fee": known["Fare"],
            "Will Churn": known["Survived"].map({0: "no", 1: "yes"}),
        }
    )


def fit_churn(customers: pd.DataFrame) -> object:
    columns = ColumnTransformer(
        [("plan", OneHotEncoder(), ["plan"]), ("n", StandardScaler(), ["months", "monthly fee"])]
    )
    model = make_pipeline(columns, LogisticRegression())
    return model.fit(customers[["plan", "months", "monthly fee"]], customers["Will Churn"])


def _planted(board: Path, model: str) -> Path:
    """Return a working folder full of modules that say if they are imported."""
    folder = board / f"{model}-folder"
    folder.mkdir(exist_ok=True)
    for name in ("joblib", "pandas", "pyarrow", "scipy", "skops", "sklearn", "threadpoolctl"):
        (folder / f"{name}.py").write_text("open('imported.txt', 'a').write(__name__ + ' ')\n")
    return folder


@contextmanager
def _shared_service(board: Path, home: Path, model: str) -> Iterator[Running]:
    """Use the service of a model: the first user starts it, the last one stops it."""
    note, lock = board / f"{model}.json", FileLock(board / f"{model}.lock")
    log = board / f"{model}.log"
    with lock:
        entry = json.loads(note.read_text()) if note.exists() else None
        if entry is None:
            environment = {**environment_in(home), "TITANIC_BATCH_MODEL": model}
            process, started = start(environment, _planted(board, model), log=log)
            process.returncode = 0  # it may outlive this test process, and another one stop it
            entry = {"pid": process.pid, "port": started.port, "users": 0}
        entry["users"] += 1
        note.write_text(json.dumps(entry))
    try:
        yield Running(port=entry["port"], log=log)
    finally:
        with lock:
            entry = json.loads(note.read_text())
            entry["users"] -= 1
            note.write_text(json.dumps(entry))
            if not entry["users"]:
                stop(entry["pid"])
                note.unlink()
