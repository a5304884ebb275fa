"""What scikit-learn says when it is called directly, with a pandas frame."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

TOLERANCE = 1e-12


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Labels and probabilities of the second class, each of shape (n_rows,)."""

    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        assert self.labels.shape == self.probabilities.shape


def directly(model_file: Path, passengers: Path) -> Scores:
    """Score a CSV or Parquet file without titanic-batch."""
    model: Any = joblib.load(model_file)
    read = pd.read_parquet if passengers.suffix == ".parquet" else pd.read_csv
    frame = read(passengers)[list(model.feature_names_in_)]
    return Scores(labels=model.predict(frame), probabilities=model.predict_proba(frame)[:, 1])


def scores_in(output: Path) -> Scores:
    """Read the last two columns of an output."""
    if output.suffix == ".parquet":
        table = pq.read_table(output, columns=["prediction", "probability"])
    else:
        table = pa_csv.read_csv(
            output, parse_options=pa_csv.ParseOptions(newlines_in_values=True)
        ).select(["prediction", "probability"])
    return Scores(labels=table["prediction"].to_numpy(), probabilities=table[1].to_numpy())


def assert_same(expected: Scores, found: Scores) -> None:
    """Same labels; probabilities within 1e-12."""
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_allclose(found.probabilities, expected.probabilities, rtol=0, atol=TOLERANCE)


def cells(path: Path) -> list[list[str]]:
    """Return a CSV file's records, the header first, as Python's csv reads them."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))
