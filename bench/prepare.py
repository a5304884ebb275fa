"""Make a case's input and model and compare outputs, each in a process that ends at once.

Not in the bench's own process: it would then hold pandas, pyarrow and scikit-learn for good, whose
pages the measured processes would share (see `bench.measure`).
"""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.cases import SavedModel

T = TypeVar("T")


def input_file(folder: Path, *, rows: int, suffix: str) -> Path:
    """Return a file of passengers in `folder`, made unless the very same is there already."""
    return _apart(_write_input, folder, rows, suffix)


def input_pieces(path: Path, *, files: int) -> Path:
    """Return a folder with the records of a CSV file, which have a line each, in so many files."""
    folder = path.with_name(f"{path.stem}-in-{files}")
    if folder.is_dir():
        return folder
    header, *records = path.read_bytes().splitlines(keepends=True)
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for number in range(files):
        piece = records[len(records) * number // files : len(records) * (number + 1) // files]
        (unfinished / f"{number:06}.csv").write_bytes(header + b"".join(piece))
    return unfinished.rename(folder)


def saved_model(folder: Path, *, name: str) -> SavedModel:
    """Return the model called `name`, trained and pickled into `folder`."""
    return _apart(_train, folder, name)


def check_agreement(expected: Path, actual: Path, *, rows: int) -> None:
    """Compare two outputs.

    Raises:
        OutputsDisagreeError: they differ.
    """
    _apart(_check_agreement, expected, actual, rows)


def _apart(function: Callable[..., T], *args: object) -> T:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *args).result()


def _write_input(folder: Path, rows: int, suffix: str) -> Path:
    from bench import generate

    recipe = hashlib.sha256(Path(generate.__file__).read_bytes())
    for name in generate.REAL_FILES:
        recipe.update((generate.REAL_LIST / name).read_bytes())
    path = folder / f"passengers-{rows}-{recipe.hexdigest()[:8]}{suffix}"
    if not path.exists():
        unfinished = path.with_stem(f"{path.stem}.part")
        generate.write_passengers(unfinished, rows)
        unfinished.replace(path)
    return path


def _train(folder: Path, name: str) -> SavedModel:
    from bench.models import train

    return train(name, folder)


def _check_agreement(expected: Path, actual: Path, rows: int) -> None:
    from bench import agree

    agree.check_agreement(expected, actual, rows=rows)
