from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression

from tests.chunk.chunks import make_context, parquet_chunk, score_table
from tests.chunk.estimators import Answering, Deciding
from titanic_batch.chunk.score import score_chunks
from titanic_batch.chunk.task import ScoredChunk
from titanic_batch.errors import DataError, ModelError
from titanic_batch.predict.sklearn_predictor import model_info
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


def test_a_row_on_which_the_model_raises_is_rejected_and_the_others_are_scored() -> None:
    table = pa.table({"x": [1.0, 3.0, None, 2.0, 9.0]})
    result, out = score_table(
        answering(raise_over_two), table, first_row=101, schema=SCHEMA, max_rejects=3
    )
    assert out["x"].to_pylist() == out["prediction"].to_pylist() == [1.0, 2.0]
    assert [(one.row, one.column, one.reason, one.said) for one in result.rejects] == [
        (102, "", "model-error", "ValueError: too large"),
        (103, "x", "missing-value", ""),
        (105, "", "model-error", "ValueError: too large"),
    ]
    assert (result.rows_read, result.rows_scored) == (5, 2)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share_bad", [0.0, 0.01, 0.3, 1.0])
def test_exactly_the_rows_on_which_it_raises_are_rejected(seed: int, share_bad: float) -> None:
    draw = np.random.default_rng(seed)
    numbers = np.where(draw.random(200) < share_bad, 5.0, 1.0)
    result, out = score_table(
        answering(raise_over_two), pa.table({"x": numbers}), schema=SCHEMA, max_rejects=200
    )
    assert [one.row - 1 for one in result.rejects] == np.flatnonzero(numbers > 2).tolist()
    assert result.rows_scored == out.num_rows == (numbers < 2).sum()


@pytest.mark.parametrize("most", [0, 1, 20])
def test_a_model_that_always_raises_is_not_asked_about_every_row(most: int) -> None:
    asked = []

    def fail(numbers: Any) -> Any:
        asked.append(len(numbers))
        raise ValueError("never")

    table = pa.table({"x": np.ones(4_000)})
    result, _ = score_table(answering(fail), table, schema=SCHEMA, max_rejects=most)
    assert [one.row for one in result.rejects] == list(range(1, most + 2))
    assert result.payload == b""
    assert len(asked) <= 2 * (12 + 2 * most + 2)


def test_where_a_share_may_be_rejected_a_thousand_rows_are_found_at_least() -> None:
    numbers = np.ones(3_000)
    numbers[:900] = 3.0
    result, _ = score_table(
        answering(raise_over_two), pa.table({"x": numbers}), schema=SCHEMA, max_reject_share=0.01
    )
    assert len(result.rejects) == 900
    numbers[:1_100] = 3.0
    with pytest.raises(DataError, match="the model fails on more than 1,000 rows: ValueError"):
        score_table(
            answering(raise_over_two),
            pa.table({"x": numbers}),
            schema=SCHEMA,
            max_reject_share=0.01,
        )


def test_a_model_that_raises_on_rows_only_together_is_a_data_error_with_the_chunks_rows() -> None:
    def fail(numbers: Any) -> Any:
        if len(numbers) > 2:
            raise ValueError("too many\nwith more lines")
        return numbers

    table = pa.table({"x": [1.0, 3.0, 2.0]})
    with pytest.raises(DataError) as caught:
        score_table(answering(fail), table, first_row=101, schema=SCHEMA, max_rejects=3)
    assert caught.value.exit_code == 65
    assert caught.value.where == "in.parquet, rows 101 to 103"
    assert caught.value.message == "the model fails on it: ValueError: too many"
    assert "titanic-batch check" in caught.value.hint


@pytest.mark.parametrize("error", [KeyError("x"), AssertionError(), RuntimeError("a\nb")])
def test_whatever_a_model_raises_is_a_reject(error: Exception) -> None:
    def fail(numbers: Any) -> Any:
        raise error

    result, _ = score_table(answering(fail), pa.table({"x": [1.0]}), schema=SCHEMA)
    (reject,) = result.rejects
    assert reject.said == f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


@pytest.mark.parametrize("how", ["plain", "wrapped", "in words"])
def test_memory_that_runs_out_is_no_fault_of_a_row(how: str) -> None:
    def fail(numbers: Any) -> Any:
        if how == "plain":
            raise MemoryError
        if how == "in words":
            raise RuntimeError("std::bad_alloc")
        raise ValueError("no scores") from MemoryError()

    with pytest.raises(MemoryError):
        score_table(answering(fail), pa.table({"x": [1.0, 2.0]}), schema=SCHEMA, max_rejects=2)


def test_a_model_that_leaves_rows_out_is_a_model_error() -> None:
    estimator = answering(lambda numbers: numbers[numbers > 1])
    with pytest.raises(ModelError, match="asked about 2 rows, the model answers with 1 pred"):
        score_table(estimator, pa.table({"x": [1.0, 2.0]}), schema=SCHEMA)


@pytest.mark.parametrize("label", [10**30, "\ud800"])
def test_a_label_that_no_column_can_hold_is_a_model_error(label: object) -> None:
    model = answering(lambda numbers: np.array([label] * len(numbers), dtype=object))
    with pytest.raises(ModelError, match="its predict answers with object"):
        score_table(model, pa.table({"x": [1.0, 2.0]}), schema=SCHEMA)


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
        context, _ = make_context(estimator, tables[0].schema, ParquetParser(), schema=SCHEMA)
        items.append((context, parquet_chunk(table.cast(tables[0].schema))))
    results = score_chunks(items, estimator, model_info(estimator))
    scored = [one.rows_scored for one in results if isinstance(one, ScoredChunk)]
    assert scored == [2, 0, 1, 0]
    alone = [score_chunks([item], estimator, model_info(estimator))[0] for item in items]
    assert results == alone
