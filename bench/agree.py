"""Do two scored files, or folders of them, say the same? A wrong tool has no time to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.cases import OutputsDisagreeError

if TYPE_CHECKING:
    from pathlib import Path

PROBABILITY_TOLERANCE = 1e-12


def check_agreement(expected: Path, actual: Path, *, rows: int) -> None:
    """Compare row count, order of rows, labels and probabilities.

    Raises:
        OutputsDisagreeError: they differ; the message says in what, and in how many rows.
    """
    left, right = _scores(expected), _scores(actual)
    for path, table in ((expected, left), (actual, right)):
        if table.num_rows != rows:
            raise OutputsDisagreeError(f"{path} has {table.num_rows} rows, not {rows}")
    # As text: a tool may carry an input column that the model does not use as it stood in the CSV.
    for column in ("PassengerId", "prediction"):
        same = (
            left[column].cast(pa.string()).to_numpy() == right[column].cast(pa.string()).to_numpy()
        )
        _refuse(~same, f"{column} differs", expected, actual)
    gap = np.abs(left["probability"].to_numpy() - right["probability"].to_numpy())
    # Written so that a NaN counts as a difference.
    _refuse(
        ~(gap <= PROBABILITY_TOLERANCE),
        f"probability differs by more than {PROBABILITY_TOLERANCE}",
        expected,
        actual,
    )


def _scores(path: Path) -> pa.Table:
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    columns = ["PassengerId", "prediction", "probability"]
    return pa.concat_tables(pq.read_table(file, columns=columns) for file in files)


def _refuse(wrong: np.ndarray, what: str, expected: Path, actual: Path) -> None:
    if wrong.any():
        raise OutputsDisagreeError(
            f"{what} in {wrong.sum()} of {len(wrong)} rows, first in row {wrong.argmax() + 1}: "
            f"{expected} and {actual}"
        )
