from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.chunk.chunks import make_context, parquet_chunk, score_table, score_text
from titanic_batch.chunk.score import score_chunk
from titanic_batch.errors import UsageError
from titanic_batch.sources.parquet_source import ParquetParser

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "b": [0, 1, 0, 1, 0, 1]})
BINARY = LogisticRegression().fit(FRAME, [0, 0, 1, 0, 1, 1])
THREE = LogisticRegression().fit(FRAME, ["x", "y", "z", "x", "y", "z"])
DECISION = RidgeClassifier().fit(FRAME, [0, 0, 1, 0, 1, 1])
REGRESSOR = LinearRegression().fit(FRAME, FRAME["a"])
TABLE = pa.table({"id": ["007", "08"], "b": [1, 0], "a": [2.5, 3.5]})


def names(estimator: Any, **options: Any) -> list[str]:
    _, out = score_table(estimator, TABLE, **options)
    return list(out.column_names)


@pytest.mark.parametrize(
    ("estimator", "added"),
    [
        (BINARY, ["prediction", "probability"]),
        (THREE, ["prediction", "probability_x", "probability_y", "probability_z"]),
        (DECISION, ["prediction"]),
        (REGRESSOR, ["prediction"]),
    ],
)
def test_the_kept_columns_come_first_then_the_prediction_then_probabilities(
    estimator: Any, added: list[str]
) -> None:
    assert names(estimator) == ["id", "b", "a", *added]
    assert names(estimator, keep="none") == added
    assert names(estimator, keep=("a", "id")) == ["id", "a", *added]  # in input order
    assert names(estimator, keep="b") == ["b", *added]


def test_a_column_called_all_or_none_is_kept_by_a_list() -> None:
    table = TABLE.append_column("none", pa.array([1, 2]))
    _, out = score_table(BINARY, table, keep=("none",))
    assert out.column_names[0] == "none"


def test_the_probability_is_that_of_the_second_class_or_of_each() -> None:
    features = TABLE.to_pandas()[["a", "b"]]
    _, out = score_table(BINARY, TABLE)
    assert out["probability"].to_pylist() == BINARY.predict_proba(features)[:, 1].tolist()
    _, out = score_table(THREE, TABLE)
    found = np.column_stack([out[f"probability_{label}"].to_numpy() for label in "xyz"])
    assert found.tolist() == THREE.predict_proba(features).tolist()


def test_new_columns_can_be_called_otherwise() -> None:
    options = {"prediction_column": "label", "probability_column": "p", "keep": "none"}
    assert names(BINARY, **options) == ["label", "p"]
    assert names(THREE, **options) == ["label", "p_x", "p_y", "p_z"]


@pytest.mark.parametrize(
    ("clashing", "options", "advised"),
    [
        ("prediction", {}, "--prediction-column"),
        ("probability", {}, "--probability-column"),
        ("id", {"prediction_column": "id"}, "--prediction-column"),
        ("p", {"prediction_column": "p", "probability_column": "p"}, "--probability-column"),
    ],
)
def test_a_name_that_is_taken_is_a_usage_error(
    clashing: str, options: dict[str, Any], advised: str
) -> None:
    table = TABLE
    if clashing not in ("id", "p"):
        table = TABLE.append_column(clashing, pa.array([1, 2]))
    with pytest.raises(UsageError, match=f"column {clashing} twice") as caught:
        score_table(BINARY, table, **options)
    assert advised in caught.value.hint
    if not options:
        score_table(BINARY, table, keep="none")


def test_a_probability_name_clashes_only_where_it_is_written() -> None:
    table = TABLE.append_column("probability", pa.array([1, 2]))
    for estimator in (THREE, DECISION, REGRESSOR):
        score_table(estimator, table)


def test_keeping_a_column_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--keep names Id, zz"):
        score_table(BINARY, TABLE, keep=("Id", "a", "zz"))


def test_csv_cells_get_the_models_types_in_parquet_and_all_others_stay_text() -> None:
    text = "id,a,b,note\n007,2.50,1.0,NA\n08,3,0,\n"
    _, out = score_text(BINARY, text)
    assert [str(kind) for kind in out.schema.types[:4]] == ["string", "double", "double", "string"]
    assert out["id"].to_pylist() == ["007", "08"]
    assert out["a"].to_pylist() == [2.5, 3.0]
    assert out["note"].to_pylist() == ["NA", None]


def test_csv_cells_keep_their_own_text_in_csv() -> None:
    text = "id,a,b,note\n007,2.50,1.0,NA\n08, 3,+0,\n"
    result, _ = score_text(BINARY, text, output_format="csv")
    assert isinstance(result.payload, bytes)
    lines = result.payload.decode().splitlines()
    assert lines[0].startswith("007,2.50,1.0,NA,")
    assert lines[1].startswith("08, 3,+0,,")
    features = pd.DataFrame({"a": [2.5, 3.0], "b": [1.0, 0.0]})
    written = [float(line.rpartition(",")[2]) for line in lines]
    assert written == BINARY.predict_proba(features)[:, 1].tolist()


def test_what_is_kept_is_what_the_input_held_not_what_was_filled_mapped_or_derived() -> None:
    frame = pd.DataFrame({"Age": FRAME["a"], "Sex_f": FRAME["b"], "Sex_m": 1 - FRAME["b"]})
    estimator = LogisticRegression().fit(frame, [0, 0, 1, 0, 1, 1])
    text = "Sex,Age\nf,\n,3\n"
    _, out = score_text(estimator, text, fill={"Age": "2"})
    assert out["Sex"].to_pylist() == ["f", None]
    assert out["Age"].to_pylist() == [None, 3.0]
    _, out = score_text(BINARY, "a,b\n1,yes\n", mapping={"b": {"yes": "1"}})
    assert out["b"].to_pylist() == ["yes"]


def test_parquet_columns_keep_their_own_types() -> None:
    table = pa.table(
        {
            "a": pa.array([1.5, 2.5], pa.float32()),
            "b": pa.array([1, 0], pa.int8()),
            "day": pa.array([1, 2], pa.date32()),
            "many": pa.array([[1], [2, 3]]),
            "raw": pa.array([b"\0", None]),
            "code": pa.array(["u", "v"]).dictionary_encode(),
            "price": pa.array([Decimal("1.50"), None]),
        }
    )
    _, out = score_table(BINARY, table)
    assert out.schema.types[: table.num_columns] == table.schema.types
    assert out.select(table.column_names).equals(table)


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([[1], [2]]),
        pa.array([{"x": 1}, {"x": 2}]),
        pa.array([b"1", b"2"]),
        pa.array([b"1", b"2"], pa.binary(1)),
        pa.array([b"1", b"2"], pa.large_binary()),
        pa.array([[1], [2]], pa.list_(pa.int64(), 1)),
    ],
)
def test_nested_and_binary_columns_are_not_written_as_csv(cells: pa.Array) -> None:
    table = TABLE.append_column("blob", cells)
    with pytest.raises(UsageError, match=r"column blob is .*, which CSV cannot hold") as caught:
        score_table(BINARY, table, output_format="csv")
    assert "--keep" in caught.value.hint
    score_table(BINARY, table)
    names_without = tuple(TABLE.column_names)
    context, _ = make_context(
        BINARY, table.schema, ParquetParser(), keep=names_without, output_format="csv"
    )
    assert context.output is not None
    assert "blob" not in context.output.schema.names


def test_a_dictionary_column_is_written_as_csv() -> None:
    cells = pa.array(["u, 1", None]).dictionary_encode()
    table = pa.table(
        {"code": cells, "n": pa.array([7, 8]).dictionary_encode(), "a": [1.5, 2.0], "b": [1, 0]}
    )
    context, info = make_context(BINARY, table.schema, ParquetParser(), output_format="csv")
    result = score_chunk(context, parquet_chunk(table), BINARY, info)
    assert isinstance(result.payload, bytes)
    lines = result.payload.decode().splitlines()
    assert lines[0].startswith('"u, 1",7,1.5,1,')
    assert lines[1].startswith(",8,2,0,") or lines[1].startswith(",8,2.0,0,")


def test_string_labels_and_categories_survive_rejects_between_them() -> None:
    encode = ColumnTransformer([("port", OneHotEncoder(), ["port"])])
    frame = pd.DataFrame({"port": ["C", "Q", "S"] * 4})
    estimator = make_pipeline(encode, LogisticRegression()).fit(frame, ["x", "y", "z"] * 4)
    result, out = score_table(estimator, pa.table({"port": ["S", "?", "C", None, "Q"]}))
    assert out["prediction"].to_pylist() == ["z", "x", "y"]
    assert out["port"].to_pylist() == ["S", "C", "Q"]
    assert [(one.row, one.reason) for one in result.rejects] == [
        (2, "unknown-category"),
        (4, "missing-value"),
    ]
