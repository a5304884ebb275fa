"""Records without a server: whatever a client sends, alone or among others, gets one verdict."""

from __future__ import annotations

import hashlib
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
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

import titanic_batch
from titanic_batch.models import open_model
from titanic_batch.serving.outcomes import Refusal, Scored
from titanic_batch.serving.predictions import answer, words_of
from titanic_batch.serving.records import tables
from titanic_batch.serving.scorer import Scorer, open_scorer

FRAME = pd.DataFrame(
    {
        "age": [1.0, 20.0, np.nan, 60.0, 33.0, 41.5],
        "rooms": [1, 2, 3, 4, 5, 6],
        "town": ["Seoul", "Busan", "Seoul", "Daegu", "Busan", "Daegu"],
    }
)
LABELS = ["a", "b", "c", "a", "b", "c"]


def scorer_of(estimator: Any, folder: Path) -> Scorer:
    path = folder / "model.pkl"
    joblib.dump(estimator, path)
    trust = hashlib.sha256(path.read_bytes()).hexdigest()
    return open_scorer(open_model(str(path), trust=[trust]))


def encoded(model: Any) -> Any:
    columns = [("town", OneHotEncoder(), ["town"])]
    return make_pipeline(ColumnTransformer(columns, remainder="passthrough"), model)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    model = encoded(DecisionTreeClassifier(random_state=0)).fit(FRAME, LABELS)
    return scorer_of(model, tmp_path_factory.mktemp("model"))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 100),
    st.integers(),
    st.floats(),
    st.sampled_from(["Seoul", "Busan", "", "1", "1.5", "abc", "NaN", "inf", "\0", "\ud800"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)
RECORDS = st.one_of(
    st.fixed_dictionaries({"age": VALUES, "rooms": VALUES, "town": VALUES}),
    st.dictionaries(st.sampled_from(["age", "rooms", "town", "Age", "other"]), VALUES),
    VALUES,
)


@settings(max_examples=60, deadline=None)
@given(records=st.lists(RECORDS, max_size=5))
def test_a_record_gets_the_same_verdict_alone_and_among_others(
    scorer: Scorer, records: list[object]
) -> None:
    together = scorer.score(records)
    assert together == [verdict for record in records for verdict in scorer.score([record])]


def test_records_get_what_the_rows_of_a_parquet_file_get(scorer: Scorer, tmp_path: Path) -> None:
    table = pa.table(
        {
            "age": pa.array([1.0, None, float("inf"), 33.0, 1e9, float("nan")]),
            "rooms": pa.array([1.0, 2.0, 3.0, 3.5, None, 6.0]),
            "town": ["Seoul", "Paris", "Busan", "Busan", "Daegu", None],
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    manifest = titanic_batch.score(
        tmp_path / "in.parquet",
        tmp_path / "out.parquet",
        model=str(scorer.model.path),
        trust=scorer.model.sha256,
        max_rejects="100%",
        keep="none",
    )
    verdicts = scorer.score(table.to_pylist())
    scored = [verdict for verdict in verdicts if isinstance(verdict, Scored)]
    refused = [verdict for verdict in verdicts if isinstance(verdict, Refusal)]
    expected = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [{"prediction": one.label, **one.probabilities} for one in scored] == expected
    rejects = pd.read_csv(tmp_path / "out.parquet.rejects.csv")
    assert [(one.column, one.reason) for one in refused] == list(
        zip(rejects["column"], rejects["reason"], strict=True)
    )
    assert manifest.rows.read == len(verdicts)
    assert len(refused) >= 3


def test_records_of_the_same_columns_share_a_table_and_no_value_is_converted() -> None:
    records: list[dict[str, Any]] = [
        {"a": 1, "b": "x"},
        {"b": None, "a": 2.5},
        {"a": 2**60, "b": "y"},
        {"c": 1},
    ]
    found = {tuple(rows): table.to_pylist() for rows, table in tables(records)}
    assert found == {
        (0,): [{"a": 1, "b": "x"}],
        (1,): [{"a": 2.5, "b": None}],
        (2,): [{"a": 2**60, "b": "y"}],
        (3,): [{"c": 1}],
    }
    together = list(tables([records[0], records[1]]))
    assert [rows for rows, _ in together] == [[0, 1]]


class Moody(DummyClassifier):  # type: ignore[misc]  # scikit-learn has no types
    """Fails where a value is 13."""

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        if (np.asarray(X) == 13).any():
            raise ValueError("thirteen")
        return super().predict_proba(X)


def test_a_model_that_fails_on_a_record_fails_that_record_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scorer = scorer_of(DummyClassifier().fit(FRAME[["rooms"]], LABELS), tmp_path)
    monkeypatch.setattr(scorer.session.estimator, "__class__", Moody)
    verdicts = scorer.score([{"rooms": 1}, {"rooms": 13}, {"rooms": 2}])
    assert [isinstance(verdict, Scored) for verdict in verdicts] == [True, False, True]
    failed = verdicts[1]
    assert isinstance(failed, Refusal)
    assert failed.reason == "model-error"
    assert "thirteen" in failed.message


def test_models_answer_in_the_words_of_their_schema(scorer: Scorer, tmp_path: Path) -> None:
    def said(scorer: Scorer, record: dict[str, Any]) -> dict[str, Any]:
        words = words_of(scorer.session.description.schema, scorer.model.tag)
        return answer(scorer.score([record])[0], words)

    several = said(scorer, {"age": 1, "rooms": 1, "town": "Seoul"})
    assert several == {
        "prediction": "a",
        "probability_a": 1.0,
        "probability_b": 0.0,
        "probability_c": 0.0,
        "model": "model.pkl",
    }
    numbers = LinearRegression().fit(FRAME[["rooms"]], [2.0, 4.0, 6.0, 8.0, 10.0, 12.0])
    price = said(scorer_of(numbers, tmp_path), {"rooms": 7})
    assert price == {"prediction": pytest.approx(14.0), "model": "model.pkl"}
