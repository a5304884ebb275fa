from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression

from tests.chunk.chunks import make_task, parquet_chunk, score_table
from tests.chunk.estimators import Answering, Deciding
from titanic_batch.chunk.predict import model_facts
from titanic_batch.chunk.score import score_chunks
from titanic_batch.chunk.task import ChunkResult
from titanic_batch.errors import DataError, ModelError
from titanic_batch.schema import ColumnSchema, TrainingSchema
from titanic_batch.sources.parquet_source import ParquetParser

SCHEMA = TrainingSchema(columns=(ColumnSchema(name="x", kind="number"),))
FRAME = pd.DataFrame({"x": [0.0, 1.0]})


def answering(answer: Any) -> Any:
    return Answering(answer).fit(FRAME)


def raise_over_two(numbers: Any) -> Any:
    if (numbers > 2).any():
        raise ValueError("too large\nwith more lines")
    return numbers


def test_a_model_that_fails_is_a_data_error_with_the_chunks_rows() -> None:
    table = pa.table({"x": [1.0, 3.0, 2.0]})
    with pytest.raises(DataError) as caught:
        score_table(answering(raise_over_two), table, first_row=101, schema=SCHEMA)
    assert caught.value.exit_code == 65
    assert caught.value.where == "in.parquet, rows 101 to 103"
    assert caught.value.what == "the model fails on it: ValueError: too large"
    assert "titanic-batch check" in caught.value.cure


@pytest.mark.parametrize("error", [KeyError("x"), MemoryError(), AssertionError(), RuntimeError()])
def test_whatever_a_model_raises_is_wrapped(error: Exception) -> None:
    def fail(numbers: Any) -> Any:
        raise error

    with pytest.raises(DataError, match=f"the model fails on it: {type(error).__name__}"):
        score_table(answering(fail), pa.table({"x": [1.0]}), schema=SCHEMA)


def test_a_model_of_several_outputs_is_a_model_error() -> None:
    estimator = LinearRegression().fit(FRAME, np.ones((2, 2)))
    with pytest.raises(ModelError, match="several outputs"):
        score_table(estimator, pa.table({"x": [1.0]}))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_prediction_that_is_not_finite_is_a_reject(bad: float) -> None:
    def answer(numbers: Any) -> Any:
        return np.where(numbers == 2, bad, numbers * 10)

    table = pa.table({"x": [1.0, 2.0, None, 3.0]})
    result, out = score_table(answering(answer), table, schema=SCHEMA)
    assert out["prediction"].to_pylist() == [10.0, 30.0]
    assert out["x"].to_pylist() == [1.0, 3.0]
    assert [(one.row, one.column, one.reason) for one in result.rejects] == [
        (2, "prediction", "model-error"),
        (3, "x", "missing-value"),
    ]
    assert (result.rows_read, result.rows_scored) == (4, 2)


def test_a_chunk_without_a_finite_prediction_has_no_payload() -> None:
    estimator = answering(lambda numbers: numbers * np.nan)
    result, _ = score_table(estimator, pa.table({"x": [1.0, 2.0]}), schema=SCHEMA)
    assert (result.rows_scored, len(result.rejects), result.payload) == (0, 2, b"")


def test_a_probability_that_is_not_finite_is_a_reject() -> None:
    estimator = Deciding().fit(FRAME)
    table = pa.table({"x": [0.25, 0.75, None]})
    options: dict[str, Any] = {"schema": SCHEMA, "allow_null": frozenset({"x"})}
    result, out = score_table(estimator, table, **options)
    assert out["prediction"].to_pylist() == ["no", "yes"]
    assert [(one.row, one.reason) for one in result.rejects] == [(3, "model-error")]


def test_several_chunks_at_once_are_scored_as_one_by_one_and_only_the_bad_one_fails() -> None:
    estimator = answering(raise_over_two)
    tables = [pa.table({"x": cells}) for cells in ([1.0, 2.0], [3.0], [None, 0.5], [None])]
    items = []
    for table in tables:
        task, _ = make_task(estimator, tables[0].schema, ParquetParser(), schema=SCHEMA)
        items.append((task, parquet_chunk(table.cast(tables[0].schema))))
    results = score_chunks(items, estimator, model_facts(estimator))
    assert isinstance(results[1], DataError)
    scored = [one.rows_scored for one in results if isinstance(one, ChunkResult)]
    assert scored == [2, 1, 0]
    good = [item for index, item in enumerate(items) if index != 1]
    together = score_chunks(good, estimator, model_facts(estimator))
    alone = [score_chunks([item], estimator, model_facts(estimator))[0] for item in good]
    assert together == alone == [result for result in results if isinstance(result, ChunkResult)]
