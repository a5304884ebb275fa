"""Small chunks of like files are read, aligned and predicted together; nobody can tell."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.amount import some
from tests.chunk.chunks import decoded, make_context, parquet_chunk
from titanic_batch.chunk.score import score_chunk, score_chunks
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.errors import DataError
from titanic_batch.predict.sklearn_predictor import model_info
from titanic_batch.sinks.parquet_sink import ParquetFileEncoder, ParquetFormat
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.csv_parser import CsvParser
from titanic_batch.sources.dialect import declare_dialect
from titanic_batch.sources.parquet_source import ParquetParser

NAMES = ("port", "age", "class", "note")
#: Each with what a clean file holds, and with what a row is rejected or counted for.
CLEAN = (("S", "C", "Q"), ("1", "2.5", "30", "", "NA"), ("1", "2", "3"), ("", "Ada", '"a, b"'))
FAULTY = (("S", "X", "X", "Ω", ""), ("1", "old", "inf"), ("1", "2.5", "4", ""), ("", 'a"b', "c,d"))
DIALECT = declare_dialect(",", "utf-8")


@pytest.fixture(scope="module", params=["forest", "logistic", "neighbours", "regressor"])
def estimator(request: pytest.FixtureRequest) -> Any:
    """Return a pipeline: its rows are independent, or those of its steps but for the last."""
    frame = pd.DataFrame(
        {"port": list("SCQ") * 4, "age": [1.0, None, 3.0] * 4, "class": [1, 2, 3] * 4}
    )
    columns = ColumnTransformer(
        [
            ("port", OneHotEncoder(handle_unknown="ignore"), ["port", "class"]),
            ("age", SimpleImputer(), ["age"]),
        ]
    )
    last = {
        "forest": RandomForestClassifier(n_estimators=5, random_state=0),
        "logistic": LogisticRegression(),
        "neighbours": KNeighborsClassifier(3),
        "regressor": Ridge(),
    }[request.param]
    return make_pipeline(columns, StandardScaler(with_mean=False), last).fit(frame, [0, 1] * 6)


def text_of(draw: random.Random, *, share_faulty: float) -> bytes:
    rows = []
    for _ in range(draw.choice((1, 1, 2, 7, 12))):
        cells = FAULTY if draw.random() < share_faulty else CLEAN
        rows.append(",".join(draw.choice(choices) for choices in cells))
    return "".join(f"{row}\n" for row in rows).encode()


def csv_context(estimator: Any, **options: Any) -> FileContext:
    inputs = pa.schema([(name, pa.string()) for name in NAMES])
    context, _ = make_context(estimator, inputs, CsvParser(names=NAMES, dialect=DIALECT), **options)
    assert context.output is not None
    written = ParquetFormat(context.output.schema, {"a": "b"})
    return replace(context, file_encoder=ParquetFileEncoder(written))


def results_of(items: list[tuple[FileContext, Chunk]], estimator: Any) -> list[Any]:
    info = model_info(estimator)
    assert info.batchable
    together = score_chunks(items, estimator, info)
    alone = [score_chunk(context, chunk, estimator, info) for context, chunk in items]
    assert [seen(result) for result in together] == [seen(result) for result in alone]
    return together


def seen(result: Any) -> tuple[ScoredChunk, Any]:
    """Return a result with the rows that a sink would see; a whole file's bytes must be alike."""
    rows = result.payload if result.is_file else decoded(result)
    return replace(result, payload=b""), rows


OPTIONS: tuple[dict[str, Any], ...] = ({}, {"unknown": {"*": "allow"}}, {"fill": {"port": "S"}})


@pytest.mark.parametrize(
    ("seed", "share_faulty", "options"),
    some(product(range(4), (0.0, 0.02, 0.3), OPTIONS), every=5),
)
def test_csv_chunks_together_are_what_each_is_alone(
    estimator: Any, seed: int, share_faulty: float, options: dict[str, Any]
) -> None:
    draw = random.Random(seed)
    context = csv_context(estimator, **options)
    items = []
    for number in range(20):
        data = text_of(draw, share_faulty=share_faulty)
        parser = replace(context.parser, path=f"{number}.csv")  # type: ignore[type-var]
        chunk = Chunk(
            data=data,
            first_row=1,
            row_count=data.count(b"\n"),
            first_line=2,
            regular=b'a"b' not in data,
            is_all=draw.random() < 0.8,
        )
        items.append((replace(context, input=f"{number}.csv", parser=parser), chunk))
    results = results_of(items, estimator)
    assert all(isinstance(result, ScoredChunk) for result in results)
    if share_faulty == 0.0:
        assert sum(result.counts.nulls["age"] for result in results) > 0
        assert sum(result.rows_scored for result in results) == sum(c.row_count for _, c in items)
    written = [
        (chunk.is_all, r.is_file) for (_, chunk), r in zip(items, results, strict=True) if r.payload
    ]
    assert all(is_all == is_file for is_all, is_file in written)


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int8(), pa.string())])
def test_parquet_chunks_together_are_what_each_is_alone(estimator: Any, kind: pa.DataType) -> None:
    tables = [
        pa.table(
            {
                "port": pa.array(list(ports), pa.string()).cast(kind),
                "age": pa.array([None, 2.0, 3.0][: len(ports)]),
                "class": pa.array([1, 2, 3][: len(ports)]),
            }
        )
        for ports in ("SCQ", "SX", "CC", "Q")
    ]
    context, _ = make_context(estimator, tables[0].schema, ParquetParser())
    results = results_of([(context, parquet_chunk(table)) for table in tables], estimator)
    assert [len(result.rejects) for result in results] == [0, 1, 0, 0]
    assert results[1].counts.unknown == {"port": {"X": 1}}


def test_a_file_with_a_second_table_in_it_fails_alone(estimator: Any) -> None:
    context = csv_context(estimator)
    bodies = [b"S,1,1,\n", b"S,1,1,\nage,port,class,note\n", b"C,2,2,x\n"]
    chunks = [Chunk(data=b, first_row=1, row_count=b.count(b"\n"), first_line=2) for b in bodies]
    results = score_chunks([(context, chunk) for chunk in chunks], estimator, model_info(estimator))
    assert isinstance(results[1], DataError)
    assert [one.rows_scored for one in results if isinstance(one, ScoredChunk)] == [1, 1]
