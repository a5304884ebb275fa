"""Kept predictions: what comes back is what was kept, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from titanic_batch.chunk.answers import Predictions
from titanic_batch.chunk.kept import FEWEST_ROWS, Keeper, rows_to_ask

DATA = b"1,male\n2,female\n"
LONG_S = 1.0


@pytest.mark.parametrize(
    "labels",
    [
        np.array([1, 0, 1]),
        np.array([True, False, True]),
        np.array([0.1, 2.5, -3.0]),
        np.array(["yes", "nein", "예"]),
        np.array(["yes", "nein", "예"], dtype=object),
    ],
    ids=["integers", "booleans", "floats", "text", "objects"],
)
@pytest.mark.parametrize("with_probabilities", [True, False])
def test_what_was_kept_comes_back_to_the_last_bit(
    labels: np.ndarray, with_probabilities: bool, tmp_path: Path
) -> None:
    probabilities = np.array([[0.1, 0.9], [1 / 3, 2 / 3], [1e-300, 1.0]])
    predictions = Predictions(labels, probabilities if with_probabilities else None)
    keeper = Keeper(tmp_path / "work")
    keeper.of_chunk(DATA).keep(7, predictions, LONG_S)
    found = keeper.of_chunk(DATA).recall(7, 3)
    assert found is not None
    assert found.labels.tolist() == labels.tolist()
    if with_probabilities:
        assert found.probabilities is not None
        assert found.probabilities.tobytes() == probabilities.tobytes()
    else:
        assert found.probabilities is None
    assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700


def test_other_bytes_other_rows_and_too_many_of_them_are_not_found(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "work")
    keeper.of_chunk(DATA).keep(0, Predictions(np.array([1, 0]), None), LONG_S)
    assert keeper.of_chunk(DATA).recall(0, 2) is not None
    assert keeper.of_chunk(DATA + b"3,male\n").recall(0, 2) is None
    assert keeper.of_chunk(DATA).recall(1, 2) is None
    assert keeper.of_chunk(DATA).recall(0, 1) is None


def test_what_was_quick_to_predict_leaves_nothing(tmp_path: Path) -> None:
    Keeper(tmp_path / "work").of_chunk(DATA).keep(0, Predictions(np.array([1]), None), 0.01)
    assert not (tmp_path / "work").exists()


def test_labels_that_only_a_pickle_could_hold_are_not_kept(tmp_path: Path) -> None:
    labels = np.array([{"a": 1}], dtype=object)
    Keeper(tmp_path / "work").of_chunk(DATA).keep(0, Predictions(labels, None), LONG_S)
    assert not (tmp_path / "work").exists()


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    kept = Keeper(tmp_path / "work").of_chunk(DATA)
    kept.keep(0, Predictions(np.array([1]), None), LONG_S)
    assert kept.recall(0, 1) is None


def test_a_quick_model_is_asked_for_many_rows_and_a_slow_one_for_few() -> None:
    assert rows_to_ask(4_096, 0.05) == 40_960
    assert rows_to_ask(4_096, 5.0) == FEWEST_ROWS
