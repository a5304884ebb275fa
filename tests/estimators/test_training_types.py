"""Foreign code is shown the values of a file in the very types that training showed it.

The model is one that tells 3 from 3.0 from "3", and None from NaN: its answer to a row is a hash
of what it was shown. The oracle is that model asked directly, of the rows as pandas.read_csv reads
them at the end of the training file.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

import titanic_batch
from titanic_batch.models import open_model
from titanic_batch.models.sidecar import write_sidecar
from titanic_batch.training import register_model
from titanic_batch.training.learn_schema import learn_schema

#: What a column's cells may be: one kind of text each, in training and in scoring.
CELLS: dict[str, list[str]] = {
    "whole": ["1", "2", "30"],
    "zeros": ["007", " 3", "+4"],
    "large": ["9007199254740991", "-1", "0"],
    "whole_or_null": ["1", "-0", "2", ""],
    "whole_or_na": ["1", "2", "N/A", "<NA>"],
    "part": ["1.5", "2", "1e3"],
    "part_or_null": ["0.1", "-2.5", "None", "nan"],
    "flag": ["True", "False"],
    "flag_or_null": ["True", "False", ""],
    "flag_or_na": ["TRUE", "false", "NULL"],
    "deck": ["A", "B", "NA"],
    "name": ["Null", "Smith, J.", "", "null", 'a "b"'],
    "code": ["1", "x", "02"],
    "day": ["2026-01-01", "2026-01-02", "None"],
    "grouped": ["1,000", "2,000", "3"],
    "nothing": [""],
}


class Echo(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers with a hash of each row, the types of its values included."""

    def fit(self, x: pd.DataFrame, y: Any) -> Echo:
        self.feature_names_in_ = np.array(x.columns, dtype=object)
        self.n_features_in_ = x.shape[1]
        self.dtypes_ = [str(kind) for kind in x.dtypes]
        return self

    def predict(self, x: pd.DataFrame) -> Any:
        columns = [x[name].tolist() for name in self.feature_names_in_]
        rows = zip(*columns, strict=True)
        return np.array([float(zlib.crc32(repr(row).encode())) for row in rows])


def as_texts(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(str)


def table(rows: int, random: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame({name: random.choice(cells, rows) for name, cells in CELLS.items()})


def read(*parts: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(pd.concat(parts).to_csv(index=False)), low_memory=False)


class Saved:
    """An Echo behind some steps, saved with its training file."""

    def __init__(self, folder: Path, *steps: Any, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.train = table(80, random)
        self.rows = table(25, random)
        frame = read(self.train)
        self.model = make_pipeline(*steps, Echo()).fit(frame, np.zeros(len(frame)))
        self.frame = read(self.train, self.rows).tail(len(self.rows)).reset_index(drop=True)
        self.folder = folder
        joblib.dump(self.model, folder / "echo.pkl")
        sha256 = hashlib.sha256((folder / "echo.pkl").read_bytes()).hexdigest()
        self.train.to_csv(folder / "train.csv", index=False)
        register_model(
            str(folder / "echo.pkl"), name="echo", data=folder / "train.csv", trust=[sha256]
        )

    def scored(self, file: Path, **options: Any) -> list[float]:
        output = self.folder / "out.parquet"
        titanic_batch.score(file, output, model="echo:latest", workers=1, overwrite=True, **options)
        found: list[float] = pq.read_table(output)["prediction"].to_pylist()
        return found

    @property
    def expected(self) -> list[float]:
        found: list[float] = self.model.predict(self.frame).tolist()
        return found


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "small chunks": {"chunk_size": 500},
    "allow-null": {"allow_null": tuple(CELLS)},
    "unknown": {"unknown": {"*": "allow"}},
    "null": {"null": ("-",)},
}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("steps", [(), (FunctionTransformer(as_texts),)], ids=["values", "texts"])
def test_a_csv_row_is_shown_as_pandas_read_it_in_training(
    steps: tuple[Any, ...], options: str, tmp_path: Path
) -> None:
    saved = Saved(tmp_path, *steps, seed=len(options))
    saved.rows.to_csv(tmp_path / "in.csv", index=False)
    assert saved.scored(tmp_path / "in.csv", **OPTIONS[options]) == saved.expected


def as_type(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_decimal(kind):
        values = [None if value is None else Decimal(str(value)) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(values, kind)])
    return column.cast(kind)


@pytest.mark.parametrize(
    "types",
    [
        {},
        {"whole": pa.int8(), "zeros": pa.float64(), "whole_or_null": pa.int32(),
         "part": pa.decimal128(9, 2), "deck": pa.dictionary(pa.int8(), pa.string())},
        {"whole": pa.decimal128(5, 1), "zeros": pa.uint16(), "flag": pa.string(),
         "flag_or_null": pa.bool_(), "name": pa.large_string(), "part": pa.float32()},
    ],
    ids=["pandas", "narrow", "wide"],
)  # fmt: skip
@pytest.mark.parametrize("allow_null", [(), tuple(CELLS)], ids=["", "allow-null"])
def test_a_parquet_row_is_shown_as_that_of_a_csv_file(
    types: dict[str, pa.DataType], allow_null: tuple[str, ...], tmp_path: Path
) -> None:
    saved = Saved(tmp_path)
    cells = pa.Table.from_pandas(saved.frame, preserve_index=False)
    for name, kind in types.items():
        at = cells.schema.get_field_index(name)
        cells = cells.set_column(at, name, as_type(cells[name], kind))
    pq.write_table(cells, tmp_path / "in.parquet")
    assert saved.scored(tmp_path / "in.parquet", allow_null=allow_null) == saved.expected


def test_dtypes_are_those_of_training(tmp_path: Path) -> None:
    saved = Saved(tmp_path)
    schema = open_model("echo").schema
    assert schema is not None
    assert [column.dtype for column in schema.columns] == saved.model[-1].dtypes_
    assert all(column.exact for column in schema.columns)


def learned_and_scored(
    model: Any, train: str, rows: str, folder: Path, **options: Any
) -> list[Any]:
    """Learn the schema from one file, score another, and return what was predicted."""
    joblib.dump(model, folder / "m.pkl")
    sha256 = hashlib.sha256((folder / "m.pkl").read_bytes()).hexdigest()
    write_sidecar(folder / "m.pkl", sha256, learn_schema(model, folder / train, None))
    options |= {"model": str(folder / "m.pkl"), "trust": sha256, "workers": 1}
    titanic_batch.score(folder / rows, folder / "out.parquet", **options)
    found: list[Any] = pq.read_table(folder / "out.parquet")["prediction"].to_pylist()
    return found


def squares(frame: pd.DataFrame) -> pd.DataFrame:
    return frame * frame  # wraps around in int8, and not in int64


@pytest.mark.parametrize("step", [squares, as_texts])
@pytest.mark.parametrize("cast", ["as it was", "int64 or float64"])
def test_widths_are_those_of_a_parquet_training_file(cast: str, step: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    kinds = ("int8", "int16", "int32", "uint8", "uint16", "float16", "float32")
    train = pd.DataFrame({kind: random.uniform(1, 100, 60).astype(kind) for kind in kinds})
    train.to_parquet(tmp_path / "train.parquet")
    model = make_pipeline(FunctionTransformer(step), Echo()).fit(train, np.zeros(60))
    wide = {kind: "float64" if kind.startswith("float") else "int64" for kind in kinds}
    rows = train if cast == "as it was" else train.astype(wide)
    rows.to_parquet(tmp_path / "in.parquet")
    found = learned_and_scored(model, "train.parquet", "in.parquet", tmp_path)
    assert found == model.predict(train).tolist()


def test_what_training_s_width_cannot_hold_keeps_its_value(tmp_path: Path) -> None:
    train = pd.DataFrame({"a": np.arange(1, 61, dtype="int8"), "b": np.ones(60, "float16")})
    train.to_parquet(tmp_path / "train.parquet")
    model = make_pipeline(FunctionTransformer(), Echo()).fit(train, np.zeros(60))
    rows = pd.DataFrame({"a": [1000, 2], "b": [1e5, 1.0]})
    rows.to_csv(tmp_path / "in.csv", index=False)
    found = learned_and_scored(model, "train.parquet", "in.csv", tmp_path)
    assert found == model.predict(rows).tolist()


def logarithms(frame: pd.DataFrame) -> Any:
    return np.log1p(frame)  # fails on objects


def checked_texts(array: Any) -> Any:
    return array.astype(str)


@pytest.mark.parametrize(
    "step",
    [FunctionTransformer(logarithms), FunctionTransformer(checked_texts, validate=True)],
    ids=["numbers alone", "checked first"],
)
def test_a_null_that_may_come_does_not_hinder_the_rows_without(step: Any, tmp_path: Path) -> None:
    train = pd.DataFrame({"a": [1, 2, 3] * 10, "b": [4, 5] * 15})
    train.to_csv(tmp_path / "train.csv", index=False)
    encode = OneHotEncoder(handle_unknown="ignore") if step.validate else "passthrough"
    model = make_pipeline(step, encode, LinearRegression()).fit(train, train["a"])
    found = learned_and_scored(model, "train.csv", "train.csv", tmp_path, allow_null=("a", "b"))
    np.testing.assert_allclose(found, model.predict(train), atol=1e-12)


def test_a_null_that_training_had_not_leaves_the_other_cells_as_they_are(tmp_path: Path) -> None:
    saved = Saved(tmp_path)
    rows = saved.rows.copy()
    rows.loc[[0, 7], "whole"] = ""
    rows.loc[[0, 3], "flag"] = ""
    rows.to_csv(tmp_path / "in.csv", index=False)
    found = saved.scored(tmp_path / "in.csv", allow_null=("whole", "flag"))
    same = [mine == theirs for mine, theirs in zip(found, saved.expected, strict=True)]
    assert [row for row, equal in enumerate(same) if not equal] == [0, 3, 7]
    small = saved.scored(tmp_path / "in.csv", allow_null=("whole", "flag"), chunk_size=300)
    assert small == found
