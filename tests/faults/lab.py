"""Where faults are tried: a model, inputs, output folders, and what an undisturbed run makes."""

from __future__ import annotations

import copy
import hashlib
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from tests.faults.hook import CHANGES, Hook, changes_in
from tests.faults.moments import Moment
from tests.faults.process import MARKER, CommandProcess, Launcher, Process
from tests.no_plans import WITHOUT_PLANS
from titanic_batch.publish.verify import verify

SMALL_ROWS = 3_000
LARGE_ROWS = 650_000  # over 8 MB: enough for workers


@dataclass(frozen=True)
class Case:
    """One fault; `check` tries it and raises AssertionError where the promise does not hold."""

    name: str
    check: Callable[[], None]


class Lab:
    """A model and inputs in a folder; starts runs.

    Args:
        root: An empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._numbers = itertools.count(1)
        home = root / "home"
        home.mkdir()
        self.environment = {
            **WITHOUT_PLANS,
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "BENTOML_HOME": str(home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(root),
        }
        self.model, self.model_sha256 = self._make_model()
        self.clean = self._make_input("clean.csv", SMALL_ROWS, seed=1)
        self.other = self._make_input("other.csv", SMALL_ROWS, seed=2)
        self.dirty = self._make_input("dirty.csv", SMALL_ROWS, seed=3, bad=3)
        self._large_place: Place | None = None
        self._large_lock = threading.Lock()
        self.launcher = Launcher(self.environment)

    def close(self) -> None:
        self.launcher.close()

    def large_place(self) -> Place:
        """Return a place of its own where a run with workers replaces an old output."""
        with self._large_lock:
            if self._large_place is None:
                source = self._make_input("large.csv", LARGE_ROWS, seed=4)
                more = ("--workers", "2", "--chunk-size", "256KB")
                self._large_place = Place(self, source, more, before=[(self.clean, (), 0)])
            return self._large_place.copy()

    def _make_model(self) -> tuple[Path, str]:
        generator = np.random.default_rng(0)
        frame = pd.DataFrame(
            {"Age": generator.uniform(1, 80, 200), "Fare": generator.uniform(1, 500, 200)}
        )
        path = self.root / "model.joblib"
        joblib.dump(LogisticRegression().fit(frame, (frame["Age"] > 40).astype(int)), path)
        return path, hashlib.sha256(path.read_bytes()).hexdigest()

    def _make_input(self, name: str, rows: int, *, seed: int, bad: int = 0) -> Path:
        generator = np.random.default_rng(seed)
        ages = generator.integers(1, 80, rows)
        fares = generator.integers(1, 50_000, rows) / 100
        lines = [
            f"{number},{age},{fare}"
            for number, (age, fare) in enumerate(
                zip(ages.tolist(), fares.tolist(), strict=True), start=1
            )
        ]
        for number in range(bad):
            lines[number * rows // bad] = f"{number},old,1"
        path = self.root / name
        path.write_text("PassengerId,Age,Fare\n" + "\n".join(lines) + "\n", encoding="utf-8")
        return path

    def folder(self) -> Path:
        """Return a new, empty folder."""
        folder = self.root / f"out{next(self._numbers)}"
        folder.mkdir()
        return folder

    def log(self) -> Path:
        """Return the path of a file that does not exist yet."""
        return self.root / f"log{next(self._numbers)}"

    def score(self, source: Path, output: str | Path, *more: str) -> list[str]:
        """Return the arguments of a run."""
        model = ["--model", str(self.model), "--trust", self.model_sha256]
        return ["score", str(source), str(output), *model, *more]

    def fork(
        self,
        arguments: Sequence[str],
        *,
        hook: Hook | None = None,
        file_size: int | None = None,
        stdout: int | None = None,
        environment: dict[str, str] | None = None,
        strace: Sequence[str] = (),
        moment: Moment | None = None,
    ) -> Process:
        """Start a run quickly, perhaps under strace."""
        return self.launcher.start(
            arguments,
            self.environment | (environment or {}),
            hook=hook,
            file_size=file_size,
            stdout=stdout,
            strace=strace,
            moment=moment,
        )

    def command(
        self,
        arguments: Sequence[str],
        *,
        marker: str = "",
        hook: Hook | None = None,
        stdout: int | None = None,
    ) -> Process:
        """Start the installed command."""
        environment = self.environment | ({MARKER: marker} if marker else {})
        return CommandProcess(arguments, environment, hook=hook, stdout=stdout)


class Place:
    """An output folder in a state to return to, a run that changes it, and what that run makes.

    Args:
        lab: Starts runs.
        before: Runs that bring the folder into its state: input, further arguments, exit code.
        source: The input of the run.
        more: Its further arguments.
        name: The output's name.
    """

    def __init__(
        self,
        lab: Lab,
        source: Path,
        more: Sequence[str] = (),
        *,
        before: Sequence[tuple[Path, Sequence[str], int]] = (),
        name: str = "scored.csv",
    ) -> None:
        self.lab = lab
        self._run = (source, tuple(more))
        self._stand_in(lab.folder(), name)
        for old_source, old_more, code in before:
            process = lab.fork(lab.score(old_source, self.output, *old_more))
            assert process.wait() == code, process.stderr
        self.state = self.files()
        self.old = self.state.get(name)
        self.log = lab.log()
        process = lab.fork(self.arguments, hook=Hook(folder=str(self.folder), log=str(self.log)))
        assert process.wait() == 0, process.stderr
        self.steps = changes_in(self.log)
        self.undisturbed = self.files()
        self.new = self.undisturbed[name]
        self.restore()

    def _stand_in(self, folder: Path, name: str) -> None:
        source, more = self._run
        self.folder = folder
        self.output = folder / name
        self.arguments = self.lab.score(source, self.output, *more)

    def copy(self) -> Place:
        """Return the same place in a folder of its own; no rejects file may be in its state."""
        twin = copy.copy(self)
        twin._stand_in(self.lab.folder(), self.output.name)
        twin.restore()
        return twin

    def files(self) -> dict[str, bytes]:
        """Return what stands in the folder, but for what resume needs."""
        return {
            path.name: path.read_bytes()
            for path in self.folder.iterdir()
            if not path.name.endswith(".work")
        }

    def restore(self) -> None:
        """Bring the folder back into its first state."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, data in self.state.items():
            (self.folder / name).write_bytes(data)

    def chosen_steps(self, *, full: bool, first: int = 0) -> list[tuple[int, str, str]]:
        """Return the numbered changes of the run: all, or every third one for the short form."""
        numbered = [(at, change, path) for at, (_, change, path) in enumerate(self.steps, start=1)]
        return numbered if full else numbered[first::3]

    def hook(self, at: int, do: str | int, names: tuple[str, ...] = CHANGES) -> Hook:
        log = self.lab.log()
        return Hook(folder=str(self.folder), log=str(log), at=at, do=do, names=names)

    def is_old_or_new(self) -> None:
        """Check that the output is whole: the old one or the new one."""
        stands = self.output.read_bytes() if self.output.exists() else None
        assert stands in {self.old, self.new}, "a part of a file stands at the output's path"

    def is_untouched(self) -> None:
        """Check that everything in the folder is as it was, and nothing was added."""
        now = self.files()
        assert sorted(now) == sorted(self.state), "files were left or removed"
        assert now == self.state, "a file was changed"

    def is_published(self) -> None:
        """Check that the new output stands there, as an undisturbed run leaves it."""
        now = self.files()
        assert sorted(now) == sorted(self.undisturbed), "files were left over"
        assert len(now) == len(list(self.folder.iterdir())), "a work folder was left over"
        for name, data in now.items():
            if not name.endswith(".manifest.json"):
                assert data == self.undisturbed[name], f"{name} differs from an undisturbed run's"
        verify(self.output)

    def is_recovered(self) -> None:
        """Check that the same run, started again, ends as if nothing had happened."""
        process = self.lab.fork(self.arguments)
        code = process.wait()
        assert code == 0, f"the rerun ended with {code}: {process.stderr}"
        self.is_published()


def places(lab: Lab, *, full: bool) -> dict[str, Place]:
    """Return states that a run may meet: none, an old output, rejects of several kinds."""
    some = ("--max-rejects", "5")
    failed_before = Place(lab, lab.dirty, some, before=[(lab.clean, (), 0), (lab.dirty, (), 65)])
    with_most_steps = {"new output, first rejects, after a failure": failed_before}
    if not full:
        return with_most_steps
    return with_most_steps | {
        "first output": Place(lab, lab.clean),
        "new output, no rejects any more, Parquet": Place(
            lab, lab.clean, before=[(lab.dirty, some, 0)], name="scored.parquet"
        ),
    }
