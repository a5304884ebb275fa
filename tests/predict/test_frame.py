from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.chunk.chunks import score_table, score_text
from tests.chunk.estimators import Recorder
from titanic_batch.schema import TrainingSchema
from titanic_batch.schema.derive import derive_schema
from titanic_batch.training.learn_schema import learn_schema_from_frame

TRAINING = pd.DataFrame(
    {
        "Pclass": [1, 2, 3, 3] * 5,
        "Sex": pd.Series(["male", "female", "male", "female"] * 5, dtype="str"),
        "Age": [22.0, 38.5, 26.0, 35.0] * 5,
        "Alone": [True, False, True, False] * 5,
        "Survived": [0, 1, 0, 1] * 5,
    }
)
COLUMNS = ["Pclass", "Sex", "Age", "Alone"]


def recording() -> Pipeline:
    encode = ColumnTransformer([("sex", OneHotEncoder(), ["Sex"])], remainder="passthrough")
    steps = [("record", Recorder()), ("encode", encode), ("final", LogisticRegression())]
    estimator = Pipeline(steps).fit(TRAINING[COLUMNS], TRAINING["Survived"])
    estimator.named_steps["record"].seen_.clear()
    return estimator


def learned(estimator: Pipeline) -> TrainingSchema:
    """Return its schema; what it was asked for that is forgotten."""
    schema = learn_schema_from_frame(estimator, TRAINING, target="Survived")
    estimator.named_steps["record"].seen_.clear()
    return schema


def only_frame(estimator: Pipeline) -> pd.DataFrame:
    (frame,) = estimator.named_steps["record"].seen_
    assert isinstance(frame, pd.DataFrame)
    return frame


def shuffled(**columns: Any) -> pa.Table:
    return pa.table({"Name": ["x", "y"], **columns})


PARQUET: list[dict[str, Any]] = [
    {"alone": [True, False], "age": [1.5, 2.0], "SEX": ["male", "female"], "pclass": [3, 1]},
    {
        "PCLASS": pa.array([3, 1], pa.uint8()),
        "Age": pa.array([1.5, 2.0], pa.float32()),
        "Sex": pa.array(["male", "female"]).dictionary_encode(),
        "Alone": pa.array([1, 0]),
    },
    {
        "Age": ["1.5", "2"],
        "Alone": ["true", "0"],
        "Pclass": ["3", "1.0"],
        "Sex": pa.array(["male", "female"], pa.large_string()),
    },
]


@pytest.mark.parametrize("columns", PARQUET)
def test_the_model_gets_trainings_names_order_and_types_whatever_the_files(columns: Any) -> None:
    estimator = recording()
    schema = learned(estimator)
    score_table(estimator, shuffled(**columns), schema=schema)
    frame = only_frame(estimator)
    assert list(frame) == COLUMNS
    for name in ("Pclass", "Age", "Alone"):
        assert frame[name].dtype == TRAINING[name].dtype
    assert frame.to_numpy().tolist() == [[3, "male", 1.5, True], [1, "female", 2.0, False]]
    assert list(frame.index) == [0, 1]


def test_text_cells_become_the_same_frame() -> None:
    estimator = recording()
    schema = learned(estimator)
    text = "Alone,age,Sex,Pclass\nTrue,1.5,male,3.0\nFALSE,2,female,1\n"
    score_text(estimator, text, schema=schema)
    frame = only_frame(estimator)
    assert list(frame) == COLUMNS
    assert [str(kind) for kind in frame.dtypes] == ["int64", "str", "float64", "bool"]
    assert frame.to_numpy().tolist() == [[3, "male", 1.5, True], [1, "female", 2.0, False]]


def test_rejected_rows_never_reach_the_model() -> None:
    estimator = recording()
    schema = learned(estimator)
    text = "Alone,Age,Sex,Pclass\n1,1,male,3\n1,x,male,3\n1,2,other,3\n1,3,male,2.5\n0,4,female,1\n"
    result, table = score_text(estimator, text, schema=schema)
    assert only_frame(estimator)["Age"].tolist() == [1.0, 4.0]
    assert table["Age"].to_pylist() == [1.0, 4.0]
    assert [(one.row, one.line, one.column, one.reason, one.record) for one in result.rejects] == [
        (2, 3, "Age", "not-a-number", "1,x,male,3"),
        (3, 4, "Sex", "unknown-category", "1,2,other,3"),
        (4, 5, "Pclass", "not-an-integer", "1,3,male,2.5"),
    ]


def test_a_model_without_a_good_row_is_not_asked() -> None:
    estimator = recording()
    schema = learned(estimator)
    result, _ = score_text(estimator, "Alone,Age,Sex,Pclass\n1,x,male,3\n", schema=schema)
    assert estimator.named_steps["record"].seen_ == []
    assert (result.rows_read, result.rows_scored, result.payload) == (1, 0, b"")


def test_a_pandas_category_is_fed_as_one_with_trainings_categories() -> None:
    frame = TRAINING.astype({"Sex": "category"})
    estimator = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=1)
    estimator.fit(frame[["Sex", "Age"]], frame["Survived"])
    table = pa.table({"Age": [22.0, 38.5], "Sex": ["female", "female"]})
    _, out = score_table(estimator, table)
    expected = estimator.predict_proba(
        pd.DataFrame(
            {"Sex": pd.Categorical(["female"] * 2, ["female", "male"]), "Age": [22.0, 38.5]}
        )
    )
    assert out["probability"].to_pylist() == expected[:, 1].tolist()


def test_a_model_trained_on_a_bare_array_is_fed_one_in_its_order() -> None:
    estimator = make_pipeline(LogisticRegression())
    estimator.fit(TRAINING[["Age", "Pclass"]].to_numpy(), TRAINING["Survived"])
    schema = derive_schema(estimator, features=["Age", "Pclass"])
    table = pa.table({"Pclass": [3, 1], "Age": [20.0, 40.0]})
    _, out = score_table(estimator, table, schema=schema)
    expected = estimator.predict_proba(np.array([[20.0, 3.0], [40.0, 1.0]]))
    assert out["probability"].to_pylist() == expected[:, 1].tolist()
