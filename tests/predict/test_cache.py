"""Kept predictions: what comes back is what was kept for the same rows and code, or nothing."""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.models.code import LoadedCode, loaded_code
from titanic_batch.predict.base import ModelInfo, Predictions
from titanic_batch.predict.cache import CachedRows, PredictionCache
from titanic_batch.schema import ColumnSchema, TrainingSchema

LONG_S = 1.0
NUMBERS = np.array([1.0, 2.0, np.nan])
TEXTS = np.array(["S", None, "3"], dtype=object)
REGRESSOR = ModelInfo(classes=None, has_probability=False, label_type=pa.float64())


#: Looked at once: it takes a good part of a second.
code_here = functools.cache(loaded_code)


def classifier(*classes: Any, has_probability: bool = True) -> ModelInfo:
    return ModelInfo(classes=classes, has_probability=has_probability, label_type=pa.string())


def cached(
    folder: Path,
    *columns: Any,
    info: ModelInfo = REGRESSOR,
    code: LoadedCode | None = None,
    names: str = "ab",
    named: bool = True,
    dtype: str = "",
) -> CachedRows:
    schema = TrainingSchema(
        columns=tuple(ColumnSchema(name=name, kind="number", dtype=dtype) for name in names),
        named=named,
    )
    inputs = pa.schema([(name, pa.float64()) for name in names])
    plan = plan_alignment(schema, inputs, AlignmentOptions(), where="in", text_cells=False)
    return PredictionCache(folder / "work").for_rows(
        plan, columns or (NUMBERS, TEXTS), info, code or code_here()
    )


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array([1, 0, 1]), (0, 1)),
        (np.array([True, False, True]), (False, True)),
        (np.array([0.1, 2.5, -3.0]), None),
        (np.array(["yes", "nein", "예"]), ("nein", "yes", "예")),
        (np.array(["yes", "nein", "예"], dtype=object), ("nein", "yes", "예")),
    ],
    ids=["integers", "booleans", "floats", "text", "objects"],
)
def test_what_was_kept_comes_back_to_the_last_bit(
    labels: np.ndarray, classes: Any, tmp_path: Path
) -> None:
    count = len(classes or ())
    draws = np.random.default_rng(0).random((3, count)) if classes else None
    info = classifier(*classes) if classes else REGRESSOR
    cached(tmp_path, info=info).put(7, Predictions(labels, draws), LONG_S)
    found = cached(tmp_path, info=info).get(7, 3)
    assert found is not None
    assert (found.labels.tolist(), found.cached) == (labels.tolist(), 3)
    if draws is None:
        assert found.probabilities is None
    else:
        assert found.probabilities is not None
        assert found.probabilities.tobytes() == draws.tobytes()
    assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700


OTHERS: dict[str, Callable[[Path], CachedRows]] = {
    "other values": lambda folder: cached(folder, NUMBERS + 1, TEXTS),
    "columns the other way round": lambda folder: cached(folder, TEXTS, NUMBERS),
    "other order of rows": lambda folder: cached(folder, NUMBERS[::-1], TEXTS),
    "other type of number": lambda folder: cached(folder, NUMBERS.astype(np.float32), TEXTS),
    "NaN for None": lambda folder: cached(
        folder, NUMBERS, np.array(["S", np.nan, "3"], dtype=object)
    ),
    "3 for its text": lambda folder: cached(
        folder, NUMBERS, np.array(["S", None, 3], dtype=object)
    ),
    "other names": lambda folder: cached(folder, names="ba"),
    "a bare array": lambda folder: cached(folder, named=False),
    "another pandas type": lambda folder: cached(folder, dtype="category"),
    "a row less": lambda folder: cached(folder, NUMBERS[:2], TEXTS[:2]),
    "more text": lambda folder: cached(folder, NUMBERS, np.array(["S'", None, "3"], dtype=object)),
}


@pytest.mark.parametrize("change", OTHERS)
def test_what_was_kept_of_other_rows_is_not_found(change: str, tmp_path: Path) -> None:
    cached(tmp_path).put(0, Predictions(np.array([1.0, 0.5]), None), LONG_S)
    assert OTHERS[change](tmp_path).get(0, 3) is None
    assert cached(tmp_path).get(0, 3) is not None
    assert cached(tmp_path).get(1, 3) is None
    assert cached(tmp_path).get(0, 1) is None


def test_numbers_booleans_and_texts_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    alike = [3, 3.0, "3", "3.0", True, 1, "True", None, np.nan, "None", "nan"]
    columns = [np.array([value], dtype=object) for value in alike]
    for number, column in enumerate(columns):
        rows = cached(tmp_path, column, NUMBERS[:1])
        assert rows.get(0, 1) is None
        rows.put(0, Predictions(np.array([float(number)]), None), LONG_S)
    for number, column in enumerate(columns):
        found = cached(tmp_path, column, NUMBERS[:1]).get(0, 1)
        assert found is not None
        assert found.labels.tolist() == [number]


GOOD: dict[str, Any] = {
    "labels": np.array([1, 0]),
    "probabilities": np.array([[0.1, 0.9], [0.6, 0.4]]),
}
DAMAGED: dict[str, dict[str, Any]] = {
    "no labels": {"probabilities": GOOD["probabilities"]},
    "no rows": {"labels": np.array([], int), "probabilities": np.zeros((0, 2))},
    "more rows than there are": {"labels": np.ones(4, int), "probabilities": np.zeros((4, 2))},
    "labels of another class": GOOD | {"labels": np.array([1, 2])},
    "labels of another type": GOOD | {"labels": np.array(["1", "0"])},
    "labels in columns": GOOD | {"labels": np.array([[1], [0]])},
    "no probabilities": {"labels": GOOD["labels"]},
    "probabilities of three classes": GOOD | {"probabilities": np.zeros((2, 3))},
    "probabilities of one row": GOOD | {"probabilities": np.zeros((1, 2))},
    "single precision": GOOD | {"probabilities": np.zeros((2, 2), np.float32)},
    "a scalar": GOOD | {"probabilities": np.array(0.5)},
}


@pytest.mark.parametrize("damage", [*DAMAGED, "cut", "flipped", "text", "a pickle", "a huge shape"])
def test_what_is_damaged_or_not_ours_is_not_used(damage: str, tmp_path: Path) -> None:
    info = classifier(0, 1)
    cached(tmp_path, info=info).put(0, Predictions(**GOOD), LONG_S)
    assert cached(tmp_path, info=info).get(0, 3) is not None
    (path,) = (tmp_path / "work").iterdir()
    data = bytearray(path.read_bytes())
    if damage in DAMAGED:
        np.savez(path, **DAMAGED[damage])
    elif damage == "cut":
        path.write_bytes(data[:-30])
    elif damage == "flipped":
        data[data.index(np.float64(0.9).tobytes())] ^= 1
        path.write_bytes(data)
    elif damage == "text":
        path.write_text("no archive")
    elif damage == "a pickle":
        np.savez(path, labels=np.array([1, 0], dtype=object), probabilities=GOOD["probabilities"])
    else:
        header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999999,), }"
        member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("labels.npy", member)
    assert cached(tmp_path, info=info).get(0, 3) is None


def test_what_was_quick_to_predict_leaves_nothing(tmp_path: Path) -> None:
    cached(tmp_path).put(0, Predictions(np.array([1.0]), None), 0.01)
    assert not (tmp_path / "work").exists()


def test_labels_that_only_a_pickle_could_hold_are_not_kept(tmp_path: Path) -> None:
    labels = np.array([{"a": 1}], dtype=object)
    cached(tmp_path).put(0, Predictions(labels, None), LONG_S)
    assert not (tmp_path / "work").exists()


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    cached(tmp_path).put(0, Predictions(np.array([1.0]), None), LONG_S)
    assert cached(tmp_path).get(0, 1) is None
