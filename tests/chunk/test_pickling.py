"""What crosses a process boundary survives it."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.chunk.chunks import csv_chunk, make_context, parquet_chunk
from titanic_batch import errors
from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.chunk.score import score_chunk
from titanic_batch.chunk.task import ScoredChunk
from titanic_batch.predict.base import ModelDescription
from titanic_batch.predict.sklearn_predictor import model_info
from titanic_batch.publish.rejects import Reject
from titanic_batch.schema.derive import derive_schema
from titanic_batch.sources.csv_parser import CsvParser
from titanic_batch.sources.dialect import declare_dialect
from titanic_batch.sources.parquet_source import ParquetParser

FRAME = pd.DataFrame({"Sex": ["f", "m"] * 3, "Age": [1.0, 2, 3, 4, 5, 6]})
ENCODE = ColumnTransformer([("sex", OneHotEncoder(), ["Sex"])], remainder="passthrough")
ESTIMATOR = make_pipeline(ENCODE, LogisticRegression()).fit(FRAME, ["a", "b"] * 3)
TABLE = pa.table({"Sex": ["f", "m", "x"], "Age": [1.0, None, 3.0]})


def through(value: Any, protocol: int = pickle.HIGHEST_PROTOCOL) -> Any:
    return pickle.loads(pickle.dumps(value, protocol))


@pytest.mark.parametrize("output_format", ["csv", "parquet"])
def test_a_parquet_task_and_its_chunk_score_the_same_on_the_other_side(output_format: Any) -> None:
    options: dict[str, Any] = {"fill": {"Age": 2}, "unknown": {"Sex": "reject"}, "threshold": 0.4}
    context, info = make_context(
        ESTIMATOR, TABLE.schema, ParquetParser(), output_format=output_format, **options
    )
    chunk = parquet_chunk(TABLE)
    assert through(context) == context
    assert through(chunk) == chunk
    assert through(info) == info
    here = score_chunk(context, chunk, ESTIMATOR, info)
    there = score_chunk(through(context), through(chunk), ESTIMATOR, through(info))
    assert through(here) == here == there
    assert here.rejects


def test_a_csv_task_and_its_chunk_score_the_same_on_the_other_side() -> None:
    names, chunk = csv_chunk("Sex,Age\nf,1\nx,2\nm,3\n")
    parser = CsvParser(names=tuple(names), dialect=declare_dialect(",", "utf-8"))
    inputs = pa.schema([(name, pa.string()) for name in names])
    context, info = make_context(ESTIMATOR, inputs, parser, mapping={"Age": {"1": "7"}})
    assert through(context) == context
    here = score_chunk(context, chunk, ESTIMATOR, info)
    assert through(here) == score_chunk(through(context), through(chunk), ESTIMATOR, info)


def test_a_models_description_survives() -> None:
    description = ModelDescription(
        info=model_info(ESTIMATOR), schema=derive_schema(ESTIMATOR), warnings=("note",)
    )
    assert through(description) == description


def test_a_result_survives_with_its_counts() -> None:
    counts = AlignmentCounts(
        nulls=Counter({"Age": 2}), filled=Counter({"Age": 1}), unknown={"Sex": Counter({"x": 3})}
    )
    reject = Reject(row=3, line=4, column="Age", reason="not-a-number", record="f,x")
    result = ScoredChunk(
        rows_read=3,
        rows_scored=2,
        rejects=(reject,),
        other_faults=Counter({"unknown-category": 1}),
        counts=counts,
        payload=b"\0\xff",
    )
    assert through(result) == result


ERRORS = sorted(
    (
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, BaseException)
    ),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_survives_with_its_fields_and_exit_code(kind: Any, protocol: int) -> None:
    if kind is errors.InterruptedRunError:
        error = kind(15)
    else:
        error = kind("it broke", where="in.csv, row 7", hint="Mend it.")
        error.extra = {"row": 7}
    copy = through(error, protocol)
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert copy.exit_code == error.exit_code
    assert vars(copy) == vars(error)
    assert str(through(copy)) == str(error)  # and once more
