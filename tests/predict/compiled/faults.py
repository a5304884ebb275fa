"""The long form of the random models, as a row of the table that `make faults` prints."""

from __future__ import annotations

import functools
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.faults.lab import Case, Lab
from tests.faults.process import REPOSITORY

MODELS = 300
_ROOM = "tests.predict.compiled.random_trial"


def random_plans(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Compile random models, and hold their plans against scikit-learn."""
    seed = random.SystemRandom().randrange(10**9)
    count = MODELS if full else 5
    trials = []
    said = lab.log()
    with (
        said.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", _ROOM, "--seed", str(seed), "--count", str(count)],
            env=lab.environment,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            trial = json.loads(line)
            trials.append(trial)
            yield Case(f"seed {trial['seed']}", functools.partial(_is_right, trial))
    yield Case(f"{count} models from seed {seed}", functools.partial(_ended, count, trials, said))
    if full:
        yield Case("models that are compiled", functools.partial(_are_enough, trials))


def _is_right(trial: dict[str, Any]) -> None:
    assert trial["right"], trial


def _ended(count: int, trials: list[dict[str, Any]], said: Any) -> None:
    assert len(trials) == count, f"the trials ended early: {said.read_text()[-2000:]}"


def _are_enough(trials: list[dict[str, Any]]) -> None:
    refused = [f"{trial['seed']}: {trial['refused']}" for trial in trials if trial["refused"]]
    assert len(refused) <= 0.1 * len(trials), f"{len(refused)} are not:\n  " + "\n  ".join(refused)
    predictions = sum(trial["predictions"] for trial in trials)
    assert predictions >= 1_000_000, f"{predictions:,} predictions: too few to show anything"
