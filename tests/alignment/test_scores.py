"""The one property that matters: a row is scored as scikit-learn scores it, or it is rejected.

The expected score is scikit-learn's own, of a pandas frame typed by hand from the very values
that the input holds.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import titanic_batch
from tests.amount import examples, some
from titanic_batch.errors import TooManyRejectsError
from titanic_batch.models.sidecar import write_sidecar
from titanic_batch.schema import TrainingSchema
from titanic_batch.schema.derive import derive_schema
from titanic_batch.training.learn_schema import learn_schema_from_frame

SAMPLE = Path(__file__).parents[2] / "sample_data"
COLUMNS = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]
TEXTS = {"Sex", "Embarked"}
WHOLE = {"Pclass", "SibSp", "Parch"}

#: Columns in which the pipelines below take a null: those with an imputer.
NULLABLE = {"Age", "Fare"}
CATEGORIES: dict[str, set[object]] = {
    "Sex": {"male", "female"},
    "Embarked": {"C", "Q", "S"},
    "Pclass": {1, 2, 3},
}


@cache
def sample(name: str) -> pd.DataFrame:
    frame = pd.read_csv(SAMPLE / name, keep_default_na=False, na_values=[""])
    return frame.dropna(subset=["Sex", "Embarked"])


@cache
def fitted(kind: str) -> Pipeline:
    """Fit a pipeline that scores an unseen category without a word, as most of them do."""
    final = {
        "logistic": LogisticRegression(max_iter=500),
        "forest": RandomForestClassifier(12, random_state=0),
        "boosting": HistGradientBoostingClassifier(max_iter=12, random_state=0),
    }[kind]
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encode = ColumnTransformer(
        [
            ("text", OneHotEncoder(handle_unknown="ignore"), ["Sex", "Embarked", "Pclass"]),
            ("numbers", numbers, ["Age", "Fare"]),
        ],
        remainder="passthrough",
        sparse_threshold=0,
    )
    train = sample("train.csv")
    return make_pipeline(encode, final).fit(train[COLUMNS], train["Survived"])


@cache
def schema_of(kind: str, origin: str) -> TrainingSchema:
    if origin == "derived":
        return derive_schema(fitted(kind))
    return learn_schema_from_frame(fitted(kind), sample("train.csv"), target="Survived")


@cache
def saved(kind: str, origin: str, folder: Path) -> tuple[str, str]:
    """Save the pipeline, bare or with its learned schema; return its path and hash."""
    path = folder / f"{kind}-{origin}.pkl"
    joblib.dump(fitted(kind), path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if origin == "learned":
        write_sidecar(path, sha256, schema_of(kind, origin))
    return str(path), sha256


Cell = int | float | str | Decimal | None


@dataclass
class Case:
    """An input, and what is known of it: the typed frame, and the rows that must not be scored."""

    table: pa.Table
    frame: pd.DataFrame
    bad: set[int]


def typed(name: str, cell: Cell) -> Any:
    """Return what a cell is as the model was trained on it."""
    if name in TEXTS:
        return np.nan if cell is None else cell
    return np.nan if cell is None else float(cell)


def is_bad(name: str, cell: Cell) -> bool:
    if cell is None:
        return name not in NULLABLE
    if name in CATEGORIES:
        value: object = cell if name in TEXTS else float(cell)
        return value not in CATEGORIES[name]
    return False


ARROW_TYPES: dict[str, list[pa.DataType]] = {
    "whole": [
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
        *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.float32(), pa.float64(), pa.decimal128(7, 2), pa.decimal256(50, 4)),
        *(pa.string(), pa.large_string(), pa.string_view()),
        *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.int64())),
    ],
    "number": [
        *(pa.float32(), pa.float64(), pa.decimal128(12, 5), pa.string(), pa.large_string()),
        *(pa.dictionary(pa.int16(), pa.string()), pa.dictionary(pa.int32(), pa.float64())),
    ],
    "text": [
        *(pa.string(), pa.large_string(), pa.string_view()),
        *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.large_string())),
    ],
}
NAMES = {
    "Pclass": ["Pclass", "pclass", "PCLASS", "P class", "P_Class"],
    "Sex": ["Sex", "sex", "SEX", " Sex"],
    "Age": ["Age", "age", "AGE", "Age "],
    "SibSp": ["SibSp", "sibsp", "sib_sp", "Sib Sp"],
    "Parch": ["Parch", "parch", "par_ch"],
    "Fare": ["Fare", "FARE", "fare_"],
    "Embarked": ["Embarked", "embarked", "EMBARKED"],
}
ODD: dict[str, list[Cell]] = {
    "Pclass": [None, 4, 0],
    "Sex": [None, "Male", " male", "other"],
    "Embarked": [None, "s", "X", "Southampton"],
    "Age": [None],
    "Fare": [None],
    "SibSp": [None],
    "Parch": [None],
}


def kind_of(name: str) -> str:
    return "text" if name in TEXTS else "whole" if name in WHOLE else "number"


def as_arrow(cells: list[Cell], kind: pa.DataType) -> pa.Array:
    """Return cells as an array of a type, numbers in text as Python writes them."""
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_decimal(values):
        plain = pa.array([None if c is None else Decimal(str(c)) for c in cells], values)
    elif (
        pa.types.is_string(values)
        or pa.types.is_large_string(values)
        or pa.types.is_string_view(values)
    ):
        plain = pa.array([None if c is None else str(c) for c in cells], values)
    else:
        plain = pa.array(cells, values)
    return plain.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else plain


@st.composite
def cases(draw: st.DrawFn, *, parquet: bool) -> Case:
    """Draw some passengers, spoil some cells, and write them down in some way."""
    passengers = sample("passengers.csv")
    rows = draw(st.lists(st.integers(0, len(passengers) - 1), min_size=1, max_size=12))
    nulls_until = draw(st.integers(0, len(rows)))  # nulls in the first chunk only
    written: dict[str, tuple[str, pa.Array]] = {}
    frame: dict[str, list[Any]] = {}
    bad: set[int] = set()
    for name in COLUMNS:
        cells: list[Cell] = [
            None if pd.isna(cell) else cell for cell in passengers[name].iloc[rows].tolist()
        ]
        if draw(st.booleans()):
            at = draw(st.integers(0, len(rows) - 1))
            cells[at] = draw(st.sampled_from(ODD[name]))
        if draw(st.booleans()) and name in NULLABLE:
            cells[:nulls_until] = [None] * nulls_until
        whole_floats = name in WHOLE and not parquet and draw(st.booleans())
        if whole_floats:  # as pandas writes whole numbers once a null was among them
            cells = [None if cell is None else float(cell) for cell in cells]
        kind = draw(st.sampled_from(ARROW_TYPES[kind_of(name)])) if parquet else pa.string()
        array = as_arrow(cells, kind)
        held = array.cast(kind.value_type) if pa.types.is_dictionary(kind) else array
        values: list[Cell] = held.to_pylist()
        frame[name] = [typed(name, cell) for cell in values]
        bad |= {row for row, cell in enumerate(values) if is_bad(name, cell)}
        written[name] = (draw(st.sampled_from(NAMES[name])), array)
    columns = list(written.values())
    extras = draw(st.lists(st.sampled_from(["Name", "Ticket", "Cabin", "index"]), unique=True))
    columns += [(name, pa.array([f'{name}, "{row}"' for row in rows])) for name in extras]
    table = dict(draw(st.permutations(columns)))
    return Case(table=pa.table(table), frame=pd.DataFrame(frame), bad=bad)


def write(case: Case, path: Path) -> None:
    if path.suffix == ".parquet":
        pq.write_table(case.table, path)
    else:
        case.table.to_pandas().to_csv(path, index=False)


def check(case: Case, suffix: str, kind: str, origin: str, folder: Path) -> None:
    """Score a case in chunks of a few rows; compare what was published with scikit-learn."""
    source, output = folder / f"in{suffix}", folder / "out.parquet"
    write(case, source)
    model, sha256 = saved(kind, origin, folder)
    good = [row for row in range(len(case.frame)) if row not in case.bad]
    options: dict[str, Any] = {
        "model": model,
        "trust": sha256,
        "workers": 1,
        "max_rejects": "100%",
        "chunk_size": 200,
        "overwrite": True,
    }
    if not good:
        with pytest.raises(TooManyRejectsError, match="no row could be scored"):
            titanic_batch.score(source, output, **options)
        return
    manifest = titanic_batch.score(source, output, **options)
    assert (manifest.rows.read, manifest.rows.scored) == (len(case.frame), len(good))
    pipeline = fitted(kind)
    expected = pipeline.predict_proba(case.frame.iloc[good])[:, 1]
    out = pq.read_table(output)
    found = out["probability"].to_numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=0 if kind == "boosting" else 1e-12)
    assert out["prediction"].to_pylist() == pipeline.predict(case.frame.iloc[good]).tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scores")


KINDS = [("logistic", "derived"), ("forest", "learned"), ("boosting", "derived")]


@pytest.mark.parametrize(("kind", "origin"), KINDS)
@settings(deadline=None, max_examples=examples(9, whole=35))
@given(case=cases(parquet=True))
def test_a_parquet_row_is_scored_as_scikit_learn_does_or_rejected(
    case: Case, kind: str, origin: str, folder: Path
) -> None:
    check(case, ".parquet", kind, origin, folder)


@pytest.mark.parametrize(("kind", "origin"), [*KINDS, ("logistic", "learned")])
@settings(deadline=None, max_examples=examples(7, whole=25))
@given(case=cases(parquet=False))
def test_a_csv_row_is_scored_as_scikit_learn_does_or_rejected(
    case: Case, kind: str, origin: str, folder: Path
) -> None:
    check(case, ".csv", kind, origin, folder)


NULLS = product(["derived", "learned"], [".csv", ".parquet"], ["first", "last", "none", "all"])


@pytest.mark.parametrize(("origin", "suffix", "nulls"), some(NULLS, every=3))
def test_nulls_in_one_chunk_only_change_nothing_elsewhere(
    nulls: str, suffix: str, origin: str, folder: Path
) -> None:
    frame = sample("passengers.csv")[COLUMNS].reset_index(drop=True)
    third = len(frame) // 3
    ages = frame["Age"].fillna(30.0)
    ages[
        {
            "first": slice(0, third),
            "last": slice(-third, None),
            "none": slice(0, 0),
            "all": slice(None),
        }[nulls]
    ] = math.nan
    frame["Age"] = ages
    table = pa.Table.from_pandas(frame, preserve_index=False)
    check(Case(table=table, frame=frame, bad=set()), suffix, "boosting", origin, folder)
