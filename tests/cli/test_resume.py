"""A run that was killed inside one file goes on where it was, and its output is the same."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.generate import write_passengers
from tests.amount import some
from tests.cli.command import PROGRAM, SAMPLE_DATA, Command, manifest

SLOW = Path(__file__).parent / "slow"
ROWS = 20_000
#: As many as are predicted at a time.
STEP = 4_096
#: At most so many are asked about at a time to see whether they look at each other.
TRIAL_ROWS = 256
PATIENCE_S = 120.0

TRAIN = """
import sys
import joblib, pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from slow_models import SlowClassifier
data = pd.read_csv(sys.argv[1])
columns = make_column_transformer(
    (OneHotEncoder(), ["Sex", "Pclass"]), (SimpleImputer(), ["Age", "Fare"])
)
joblib.dump(make_pipeline(columns, SlowClassifier()).fit(data, data["Survived"]), sys.argv[2])
"""


@dataclass(kw_only=True)
class Place:
    """A large input, a slow model, and a folder for the output."""

    command: Command
    folder: Path
    source: Path
    model: Path

    @property
    def output(self) -> Path:
        return self.folder / "out" / "scored.csv"

    @property
    def work(self) -> list[Path]:
        return [path for path in self.output.parent.iterdir() if path.name.endswith(".work")]

    @property
    def kept(self) -> list[Path]:
        return [path for folder in self.work for path in folder.glob("*.npz")]

    def arguments(self, *options: object) -> list[object]:
        trust = hashlib.sha256(self.model.read_bytes()).hexdigest()
        return [
            *("score", self.source, self.output, "--model", self.model),
            *("--trust", trust, "-q", "--workers", 1, *options),
        ]

    def run(self, *options: object, code: int = 0, seconds: float = 0.0) -> list[int]:
        """Run to the end and return the rows of each call of the model that predicted some."""
        log = self.folder / "log"
        log.write_text("")
        command = self.command.having(SLOW_LOG=log, SLOW_SECONDS=str(seconds))
        command(*self.arguments(*options), code=code)
        return predicting_calls(log)

    def stop(self, signum: signal.Signals, *options: object, after: int = 2) -> None:
        """Start, and end it with a signal when it has kept so many predictions."""
        command = self.command.having(SLOW_LOG=self.folder / "other-log", SLOW_SECONDS="0.3")
        process = command.start(*self.arguments(*options))
        deadline = time.monotonic() + PATIENCE_S
        while len(self.kept) < after:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signum)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode in (-signum, 128 + signum)


def predicting_calls(log: Path) -> list[int]:
    """Return the rows of each call of the slow model, but for those that only tried it."""
    calls = map(int, log.read_text().splitlines())
    return [rows for rows in calls if rows > TRIAL_ROWS]


@pytest.fixture(scope="session")
def slow(shared: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Return a folder with a slow model, an input, and what an undisturbed run makes of it."""

    def make(folder: Path) -> None:
        write_passengers(folder / "in.csv", ROWS)
        environment = {**os.environ, "PYTHONPATH": str(SLOW), "SLOW_SECONDS": "0"}
        environment["SLOW_LOG"] = str(folder / "log")
        script = [sys.executable, "-c", TRAIN]
        train = [*script, str(SAMPLE_DATA / "train.csv"), str(folder / "slow.pkl")]
        subprocess.run(train, env=environment, check=True)
        trust = hashlib.sha256((folder / "slow.pkl").read_bytes()).hexdigest()
        paths = [str(folder / "in.csv"), str(folder / "undisturbed.csv")]
        model = ["--model", str(folder / "slow.pkl"), "--trust", trust, "-q"]
        subprocess.run([str(PROGRAM), "score", *paths, *model], env=environment, check=True)

    return shared("slow", make)


@pytest.fixture
def place(slow: Path, installed: Command, tmp_path: Path) -> Place:
    (tmp_path / "out").mkdir()
    for name in ("in.csv", "slow.pkl"):
        shutil.copy(slow / name, tmp_path / name)
    shutil.copytree(SLOW, tmp_path / "code", ignore=shutil.ignore_patterns("__pycache__"))
    return Place(
        # No warm one: what it has imported beforehand is code that a cache looks at.
        command=installed.having(PYTHONPATH=tmp_path / "code"),
        folder=tmp_path,
        source=tmp_path / "in.csv",
        model=tmp_path / "slow.pkl",
    )


def test_what_was_predicted_is_not_predicted_again(place: Place, slow: Path) -> None:
    place.stop(signal.SIGTERM)
    (folder,) = place.work
    assert folder.stat().st_mode & 0o777 == 0o700
    goes_on(place, slow)


def goes_on(place: Place, slow: Path) -> None:
    """Run, and see that what an earlier run kept is not predicted again."""
    kept = len(place.kept)
    calls = place.run()
    undisturbed = predicting_calls(slow / "log")
    assert kept >= 2
    assert len(calls) == len(undisturbed) - kept
    assert sum(calls) <= ROWS - 2 * STEP
    assert place.output.read_bytes() == (slow / "undisturbed.csv").read_bytes()
    assert manifest(place.output)["rows_recalled"] == ROWS - sum(calls)
    names = {path.name for path in place.output.parent.iterdir()}
    assert names == {"scored.csv", "scored.csv.manifest.json"}


def other_header(place: Place) -> None:
    """Put what has the same size and time in the input's place."""
    found = place.source.stat()
    header, _, records = place.source.read_text().partition("\n")
    header = header.replace("Age", "#").replace("Fare", "Age").replace("#", "Fare")
    place.source.write_text(f"{header}\n{records}")
    os.utime(place.source, ns=(found.st_atime_ns, found.st_mtime_ns))


def other_input(place: Place) -> None:
    place.source.write_text(re.sub(r"(?m)^(\d+),[12],", r"\1,3,", place.source.read_text()))


def other_code(place: Place) -> None:
    with (place.folder / "code" / "slow_models.py").open("a") as file:
        file.write("SlowClassifier.predict_log_proba = None\n")


def other_model(place: Place) -> None:
    place.model.write_bytes(place.model.read_bytes() + b"\0")


def damage(place: Place) -> None:
    for path in place.kept:
        path.write_bytes(path.read_bytes()[:-30])


def foreign(place: Place) -> None:
    (folder,) = place.work
    folder.chmod(0o777)


CHANGES: list[tuple[Callable[[Place], None], tuple[object, ...]]] = [
    (other_header, ()),
    (other_input, ()),
    (other_code, ()),
    (other_model, ()),
    (lambda _: None, ("--max-rejects", 1)),
    (damage, ()),
    (foreign, ()),
]


def test_what_does_not_match_is_predicted_anew(
    place: Place, slow: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place.stop(signal.SIGKILL)
    stopped = tmp_path_factory.mktemp("stopped") / "all"
    shutil.copytree(place.folder, stopped)
    for change, options in some(CHANGES, every=2):
        restore(place.folder, stopped)
        change(place)
        calls = place.run(*options)
        assert sum(calls) == ROWS
        assert manifest(place.output)["rows_recalled"] == 0
        assert bool(place.work) == (change is foreign)
        if change in (other_header, other_input):
            scored = place.output.read_bytes()
            assert scored != (slow / "undisturbed.csv").read_bytes()
            shutil.rmtree(place.output.parent)
            place.output.parent.mkdir()
            place.run()
            assert place.output.read_bytes() == scored
        else:
            assert place.output.read_bytes() == (slow / "undisturbed.csv").read_bytes()
    restore(place.folder, stopped)
    goes_on(place, slow)  # where nothing was changed


def restore(folder: Path, stopped: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(stopped, folder, dirs_exist_ok=True)


def test_a_run_that_fails_leaves_no_work(place: Place) -> None:
    with place.source.open("a") as file:
        file.write("1,2,3\n")
    assert place.run(code=65, seconds=0.15)  # so that there is work to leave
    assert {path.name for path in place.output.parent.iterdir()} == {
        "scored.csv.failed.rejects.csv"
    }
