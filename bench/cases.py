"""What is measured: a case is an input and a model, and the commands that score one with the other.

To add a case, add a contender (a name and a function that makes its command line) and put it into a
`Case` beside the one that it is compared with.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class OutputsDisagreeError(Exception):
    """Two contenders of a case scored the same input differently."""


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One thing to do: score `input` with `model` into `output`; both are folders, or neither."""

    input: Path
    output: Path
    model: SavedModel


@dataclass(frozen=True, kw_only=True)
class Contender:
    name: str
    command: Callable[[Job], list[str]]
    prepare: Callable[[Job, int, dict[str, str]], None] | None = None
    """Done before each timed run: takes what is to be done, the rows of its input, and the
    environment."""
    takes_one_file: bool = False
    """Whether it is given all rows in one file, where the others are given many."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Commands that must give the same scores, measured in turn."""

    name: str
    rows: int
    model: str
    """Its name in `bench.models.MODELS`."""
    contenders: tuple[Contender, ...]
    """Ratios are to the first."""
    input_suffix: str = ".csv"
    files: int = 1
    """Into how many files the input is cut."""
    most_turns: int | None = None
    """Timed runs of each, where they are so long that fewer do than are asked for."""


def script_command(job: Job) -> list[str]:
    script = Path(__file__).with_name("by_hand.py")
    return [sys.executable, str(script), str(job.input), str(job.output), str(job.model.path)]


def titanic_batch_command(job: Job, *options: str) -> list[str]:
    program = Path(sys.executable).with_name("titanic-batch")
    model = ["--model", str(job.model.path), "--trust", job.model.sha256]
    paths = [str(job.input), f"{job.output}/" if job.input.is_dir() else str(job.output)]
    return [str(program), "score", *paths, *model, "--overwrite", "-q", *options]


def lenient_command(job: Job) -> list[str]:
    script = Path(__file__).with_name("lenient.py")
    return [sys.executable, str(script), *titanic_batch_command(job, "--workers", "1")[1:]]


def strict_command(job: Job) -> list[str]:
    return titanic_batch_command(job, "--workers", "1")


def unkept_command(job: Job) -> list[str]:
    script = Path(__file__).with_name("unkept.py")
    return [sys.executable, str(script), *titanic_batch_command(job)[1:]]


def kill_at_half(job: Job, rows: int, env: dict[str, str]) -> None:
    """Score with titanic-batch, and kill it when it has predicted, and kept, half of the rows."""
    with subprocess.Popen(titanic_batch_command(job), env=env) as process:
        while process.poll() is None and _kept_rows(job.output) < rows / 2:
            time.sleep(0.5)  # to look takes time, too
        process.kill()


def _kept_rows(output: Path) -> int:
    import numpy as np

    kept = output.parent.glob(f".{output.name}.*.work/*.npz")
    return sum(len(np.load(path, allow_pickle=False)["labels"]) for path in kept)


SCRIPT = Contender(name="script", command=script_command)
TITANIC_BATCH = Contender(name="titanic-batch", command=titanic_batch_command)
LENIENT = Contender(name="lenient", command=lenient_command)
STRICT = Contender(name="strict", command=strict_command)
ONE_FILE = Contender(name="in one file", command=titanic_batch_command, takes_one_file=True)
UNKEPT = Contender(name="keeping nothing", command=unkept_command)
KEEPING = Contender(name="undisturbed", command=titanic_batch_command)
RESUMED = Contender(
    name="rest, killed at 50 %", command=titanic_batch_command, prepare=kill_at_half
)
STANDARD_MODELS = ("logistic", "boosting", "forest")
_ROWS_PER_SMALL_FILE = 50


def standard_cases(row_counts: Sequence[int]) -> list[Case]:
    """Return titanic-batch beside the script, for each model and each number of rows."""
    return [
        Case(
            name=f"{model}-{short_count(rows)}",
            rows=rows,
            model=model,
            contenders=(SCRIPT, TITANIC_BATCH),
        )
        for model in STANDARD_MODELS
        for rows in row_counts
    ]


def strictness_cases(row_counts: Sequence[int]) -> list[Case]:
    """Return titanic-batch beside itself without its strict reading, on the shortest input.

    In one process, where nothing of the cost is hidden by another CPU; with the quicker model.
    """
    rows = min(row_counts)
    return [
        Case(
            name=f"strictness-{short_count(rows)}",
            rows=rows,
            model="logistic",
            contenders=(LENIENT, STRICT),
        )
    ]


def resume_cases(row_counts: Sequence[int]) -> list[Case]:
    """Return what it costs to keep predictions, and what that saves after a kill."""
    rows = min(row_counts)
    return [
        Case(
            name=f"keeping-{short_count(rows)}",
            rows=rows,
            model="voting",
            contenders=(UNKEPT, KEEPING),
        ),
        Case(
            name=f"resume-{short_count(rows)}",
            rows=rows,
            model="slow",
            contenders=(KEEPING, RESUMED),
            most_turns=3,
        ),
    ]


def small_file_cases(row_counts: Sequence[int]) -> list[Case]:
    """Return a folder of small files beside one file with the same rows, and beside the script."""
    rows = min(row_counts) // 10
    return [
        Case(
            name=f"files-{model}",
            rows=rows,
            model=model,
            contenders=(SCRIPT, TITANIC_BATCH, ONE_FILE),
            files=rows // _ROWS_PER_SMALL_FILE,
        )
        for model in STANDARD_MODELS
    ]


def all_cases(row_counts: Sequence[int]) -> list[Case]:
    """Return every case."""
    return [
        *standard_cases(row_counts),
        *small_file_cases(row_counts),
        *strictness_cases(row_counts),
        *resume_cases(row_counts),
    ]


def short_count(rows: int) -> str:
    """Write 3000000 as 3M and 250000 as 250k."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if rows and rows % size == 0:
            return f"{rows // size}{unit}"
    return str(rows)
