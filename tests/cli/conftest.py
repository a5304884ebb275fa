"""Models that are made once, and inputs that several tests read."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import pandas as pd
import pytest
from filelock import FileLock

from bench.generate import write_passengers
from tests.cli.command import SAMPLE_DATA, Command, CommandInProcess, WarmCommand
from tests.no_plans import WITHOUT_PLANS
from titanic_batch.training.candidates import FEATURES, candidates

WARM = Path(__file__).with_name("warm.py")

Shared = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Return a maker of folders that are made once, whatever the number of test processes."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def make_once(name: str, make: Callable[[Path], None]) -> Path:
        folder = root / f"shared-{name}"
        with FileLock(root / f"shared-{name}.lock"):
            if not folder.exists():
                unfinished = folder.with_name(folder.name + "-unfinished")
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
        return folder

    return make_once


def environment_in(home: Path) -> dict[str, str]:
    """Return an environment with an own home, store and configuration, and nothing of ours set."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TITANIC_BATCH_", "BENTOML_", "PYTEST_", "XDG_"))
        and name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    }
    return {
        **kept,
        **WITHOUT_PLANS,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "BENTOML_HOME": str(home / "bentoml"),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }


@pytest.fixture(scope="session")
def home(shared: Shared) -> Path:
    """Return a home whose store holds a model of the passenger list that predicts quickly.

    It is the reference model's logistic regression: a hundred trees take most of a short run.
    """

    def save(folder: Path) -> None:
        train = SAMPLE_DATA / "train.csv"
        frame = pd.read_csv(train)
        pipeline = candidates(seed=0)["logistic regression"]
        model = folder / "best_model.pkl"
        joblib.dump(pipeline.fit(frame[list(FEATURES)], frame["Survived"]), model)
        command = Command(environment=environment_in(folder), folder=folder)
        command("models", "trust", model)
        labels = ("--label", "0=사망", "--label", "1=생존")
        learned = ("--data", train, "--target", "Survived", *labels)
        command("models", "save", model, "--name", "titanic_model", *learned)

    return shared("home", save)


@pytest.fixture(scope="session")
def trained_home(shared: Shared) -> Path:
    """Return a home whose store holds the reference model; train.out and train.err tell of it."""

    def train(folder: Path) -> None:
        command = Command(environment=environment_in(folder), folder=folder)
        done = command(
            *("models", "train", "--json"),
            *("--data", SAMPLE_DATA / "train.csv", "--pickle", folder / "best_model.pkl"),
        )
        (folder / "train.out").write_text(done.out, encoding="utf-8")
        (folder / "train.err").write_text(done.err, encoding="utf-8")

    return shared("trained-home", train)


@pytest.fixture
def model_file(home: Path) -> Path:
    (path,) = (home / "bentoml" / "models" / "titanic_model").glob("*/saved_model.pkl")
    return path


@pytest.fixture
def installed(home: Path, tmp_path: Path) -> Command:
    """Return the installed command itself."""
    return Command(environment=environment_in(home), folder=tmp_path)


@pytest.fixture(scope="session")
def warm_server() -> Iterator[str]:
    """Return the socket on which runs of the command line start quickly."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = f"{folder}/warm"  # a socket's path must be short
        listener.bind(path)
        listener.listen()
        server = subprocess.Popen(
            [sys.executable, str(WARM), str(listener.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            env=environment_in(Path(folder)),
        )
        with server:
            yield path
            assert server.stdin is not None
            server.stdin.close()


@pytest.fixture(scope="session")
def warm_bin(warm_server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for PATH, whose `titanic-batch` starts quickly."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "titanic-batch"
    client = WARM.with_name("warm_client.py")
    words = shlex.join([sys.executable, "-SE", str(client), warm_server])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return folder


@pytest.fixture
def command(home: Path, tmp_path: Path, warm_server: str) -> Command:
    """Return a command line that starts quickly; `installed` is the real one."""
    return WarmCommand(environment=environment_in(home), folder=tmp_path, server=warm_server)


@pytest.fixture
def in_process(home: Path, tmp_path: Path, warm_server: str) -> CommandInProcess:
    """Return a command line that takes a tenth of a second: for messages about many inputs."""
    environment = environment_in(home)
    forked = WarmCommand(environment=environment, folder=tmp_path, server=warm_server)
    return CommandInProcess(environment=environment, folder=tmp_path, forked=forked)


@pytest.fixture(scope="session")
def large_csv(shared: Shared) -> Path:
    """Return 150,000 passengers, 10 MB: enough for workers."""

    def generate(folder: Path) -> None:
        write_passengers(folder / "large.csv", 150_000)

    return shared("large", generate) / "large.csv"


@pytest.fixture(scope="session")
def medium_csv(shared: Shared) -> Path:
    """Return 3,000 passengers, 0.2 MB."""

    def generate(folder: Path) -> None:
        write_passengers(folder / "medium.csv", 3_000)

    return shared("medium", generate) / "medium.csv"


@pytest.fixture(scope="session")
def published(shared: Shared, home: Path) -> Path:
    """Return a folder with a published old.csv, its rejects and its manifest, for copies."""

    def publish(folder: Path) -> None:
        command = Command(environment=environment_in(home), folder=folder)
        command("score", SAMPLE_DATA / "dirty.csv", "old.csv", "--max-rejects", "10", "-q")

    return shared("published", publish)


@pytest.fixture(scope="session")
def compiled(shared: Shared, home: Path) -> Path:
    """Return the plan of the store's model, for copies."""

    def compile_it(folder: Path) -> None:
        command = Command(environment=environment_in(home), folder=folder)
        command("models", "compile", "titanic_model:latest", "-o", folder)

    (path,) = shared("compiled", compile_it).glob("*.plan")
    return path


@pytest.fixture
def with_plan(caching: Command, compiled: Path, private_folder: Path) -> Command:
    """Return a module's own `caching` command, with the plan of the store's model in its folder."""
    shutil.copy(compiled, private_folder)
    return caching
