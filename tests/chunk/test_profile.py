"""A profile counts the rows that were scored, by bin, as pandas counts them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.chunk.chunks import decoded, make_context, parquet_chunk
from titanic_batch.bins import (
    bins_of_column,
    bins_of_score,
    training_score_shares,
    training_shares,
)
from titanic_batch.chunk.profile import Profile, plan_profile
from titanic_batch.chunk.score import score_chunk
from titanic_batch.sources.parquet_source import ParquetParser
from titanic_batch.training.learn_schema import learn_schema_from_frame

RANDOM = np.random.default_rng(0)
ROWS = 400
TRAINING = pd.DataFrame(
    {
        "Sex": RANDOM.choice(["f", "m"], ROWS, p=[0.3, 0.7]),
        "Age": RANDOM.normal(40, 10, ROWS),
        "Parch": RANDOM.choice([0, 1, 2], ROWS, p=[0.7, 0.2, 0.1]),
    }
)
TARGETS = {
    "binary": (LogisticRegression(max_iter=1_000), TRAINING["Sex"].eq("f").astype(int)),
    "multiclass": (LogisticRegression(max_iter=1_000), TRAINING["Parch"].map(lambda n: f"c{n}")),
    "regression": (LinearRegression(), TRAINING["Age"] * 2),
}


def profile(kind: str, table: pa.Table, **options: Any) -> tuple[Profile, pa.Table, Any]:
    estimator, target = TARGETS[kind]
    encode = ColumnTransformer([("sex", OneHotEncoder(), ["Sex"])], remainder="passthrough")
    fitted = make_pipeline(encode, estimator).fit(TRAINING, target)
    schema = learn_schema_from_frame(fitted, TRAINING.assign(y=target), target="y")
    context, info = make_context(fitted, table.schema, ParquetParser(), schema=schema, **options)
    plan = plan_profile(context.alignment, schema, info)
    asking = pickle.loads(pickle.dumps(replace(context, profile=plan)))
    result = pickle.loads(pickle.dumps(score_chunk(asking, parquet_chunk(table), fitted, info)))
    assert score_chunk(context, parquet_chunk(table), fitted, info).profile is None
    assert result.profile is not None
    return result.profile, decoded(result), schema


def in_ranges(values: pd.Series[Any], edges: tuple[float, ...]) -> list[int]:
    counted = pd.cut(values, [-np.inf, *edges, np.inf], right=True).value_counts(sort=False)
    return [*counted.tolist(), int(values.isna().sum())]


@pytest.mark.parametrize("kind", list(TARGETS))
def test_of_the_training_data_is_that_of_the_schema(kind: str) -> None:
    found, scored, schema = profile(kind, pa.Table.from_pandas(TRAINING))
    for column in schema.columns:
        shares = training_shares(column)
        assert shares is not None
        assert found.columns[column.name] / ROWS == pytest.approx(shares)
    shares = training_score_shares(schema.score)
    assert shares is not None
    assert found.score is not None
    assert found.score / ROWS == pytest.approx(shares)
    frame = scored.to_pandas()
    if kind == "multiclass":
        counts = frame["prediction"].value_counts()
        assert found.score.tolist() == [*(int(counts.get(c, 0)) for c in schema.classes), 0, 0]
    else:
        values = frame["probability" if kind == "binary" else "prediction"]
        assert found.score.tolist() == in_ranges(values, schema.score.edges)


def test_counts_only_what_was_scored_and_nulls_before_they_are_filled() -> None:
    table = pa.table(
        {
            "Sex": ["f", "m", "x", "m", "f"],
            "Age": [20.0, None, 30.0, None, 99.0],
            "Parch": [0, 1, 1, 2, 2],
        }
    )
    found, _, schema = profile("binary", table, fill={"Age": 40})
    age = schema.column("Age")
    bins = bins_of_column(age)
    assert bins is not None
    kept = pd.Series([20.0, None, None, 99.0])
    assert found.columns["Age"].tolist() == in_ranges(kept, bins.edges)
    assert found.columns["Sex"].tolist() == [2, 2, 0, 0]
    assert found.score is not None
    assert found.score.sum() == 4


def test_a_value_that_was_let_through_is_in_the_bin_of_others() -> None:
    table = pa.table({"Sex": ["f", "m"], "Age": [20.0, 30.0], "Parch": [0, 1]})
    found, _, _ = profile("binary", table, unknown={"Sex": "allow"})
    assert found.columns["Sex"].tolist() == [1, 1, 0, 0]


def test_chunks_add_up() -> None:
    table = pa.Table.from_pandas(TRAINING)
    whole, _, _ = profile("binary", table)
    parts = Profile()
    for start in range(0, ROWS, 150):
        parts.add(profile("binary", table.slice(start, 150))[0])
    assert parts.score is not None
    assert whole.score is not None
    assert parts.score.tolist() == whole.score.tolist()
    for name, counts in whole.columns.items():
        assert parts.columns[name].tolist() == counts.tolist()


def test_a_regressor_without_known_training_scores_has_no_bins_for_them() -> None:
    assert bins_of_score(None, has_probability=False, trained=None) is None
