"""The long form, as rows of the table that `make faults` prints."""

from __future__ import annotations

import functools
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.differential.resume import killed_and_changed
from tests.faults.lab import Case, Lab
from tests.faults.process import REPOSITORY

MODELS = 1_500
KILLS = 40


def random_models(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Score CSV and Parquet with random models, and ask the models themselves."""
    seed = random.SystemRandom().randrange(10**9)
    count = MODELS if full else 20
    rows = compared = 0
    command = [sys.executable, "-m", "tests.differential", "--seed", str(seed)]
    said = lab.log()
    with (
        said.open("w") as stderr,
        subprocess.Popen(
            [*command, "--count", str(count), "--workers", "--json"],
            env=lab.environment,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            outcome = json.loads(line)
            rows += outcome["rows"]
            compared += outcome["compared"]
            name = f"seed {outcome['seed']}, {', '.join(outcome['what'])}"
            yield Case(name, functools.partial(_is_right, outcome))
    yield Case(
        f"{count} models from seed {seed}", functools.partial(_ended, process.returncode, said)
    )
    yield Case("rows held against the model", functools.partial(_are_enough, compared, rows))


def _is_right(outcome: dict[str, Any]) -> None:
    detail = "\n  ".join(f"{name}: {value}" for name, value in outcome["detail"].items())
    assert outcome["verdict"] not in {"wrong", "crashed"}, f"{outcome['verdict']}\n  {detail}"


def _ended(code: int, said: Path) -> None:
    text = said.read_text()
    assert code in {0, 1}, f"the trials ended with {code}: {text[-2000:]}"
    assert "Traceback" not in text, f"the trials ended early: {text[-2000:]}"


def _are_enough(compared: int, rows: int) -> None:
    assert compared > 0.65 * rows, f"{compared:,} of {rows:,}: too few to show anything"


def killed_and_something_changed(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Kill a run, change what its predictions depend on, run again, once or twice."""
    seed = random.SystemRandom().randrange(10**9)
    for number in range(KILLS if full else 2):
        folder = Path(tempfile.mkdtemp(dir=lab.root))
        yield Case(f"seed {seed + number}", functools.partial(_changed, folder, seed + number))


def _changed(folder: Path, seed: int) -> None:
    killed_and_changed(folder, seed)
