"""A null reaches each step as the null that it was fitted with, None or NaN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from tests.alignment.planning import aligned, plan, reasons
from titanic_batch.alignment.apply import align
from titanic_batch.predict.frame import model_input
from titanic_batch.schema.derive import derive_schema
from titanic_batch.training.learn_schema import learn_schema

RANDOM = np.random.default_rng(11)
ROWS = 200
VALUES: dict[str, list[Any]] = {
    "text": ["S", "C", "None", "nan"],
    "ints": [1, 2, 3],
    "bools": [True, False],
}
IMPUTERS: dict[str, list[Any]] = {
    "none": [],
    "for NaN": [SimpleImputer(strategy="most_frequent")],
    "for None": [SimpleImputer(missing_values=None, strategy="most_frequent")],
    "for NA": [SimpleImputer(missing_values=pd.NA, strategy="most_frequent")],
    "constant": [SimpleImputer(strategy="constant", fill_value="missing")],
    "both": [
        SimpleImputer(missing_values=None, strategy="most_frequent"),
        SimpleImputer(strategy="most_frequent"),
    ],
}
ENCODERS = {
    "one-hot": OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    "ordinal": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    "target": TargetEncoder(),
}


def table(kind: str, null: Any) -> pd.DataFrame:
    codes = RANDOM.integers(-1, len(VALUES[kind]), ROWS)
    cells = [null if code < 0 else VALUES[kind][code] for code in codes]
    return pd.DataFrame({"c": pd.Series(cells, dtype=object), "k": 1.0})


def as_written(cells: pd.Series[Any]) -> pa.Array:
    return pa.array([None if pd.isna(cell) else str(cell) for cell in cells], pa.string())


@pytest.mark.parametrize("null", [None, np.nan], ids=["None", "NaN"])
@pytest.mark.parametrize("imputer", IMPUTERS)
@pytest.mark.parametrize("kind", VALUES)
def test_every_encoder_behind_every_imputer(
    kind: str, imputer: str, null: Any, tmp_path: Path
) -> None:
    frame = table(kind, null)
    labels = np.where(frame["c"].isna(), RANDOM.random(ROWS) < 0.9, RANDOM.random(ROWS) < 0.2)
    frame.to_csv(tmp_path / "in.csv", index=False)
    cells = pa.table({name: as_written(frame[name]) for name in frame})
    for encoder in ENCODERS.values():
        steps = [*map(clone, IMPUTERS[imputer]), clone(encoder)]
        columns = make_column_transformer((make_pipeline(*steps), ["c"]))
        model = make_pipeline(columns, DecisionTreeClassifier(max_depth=4, random_state=0))
        try:
            model.fit(frame, labels)
        except (TypeError, ValueError):
            continue  # no imputer and no encoder takes these together
        expected = model.predict_proba(frame)[:, 1]
        schemas = [derive_schema(model), learn_schema(model, tmp_path / "in.csv", None)]
        for schema in schemas:
            planned = plan(list(schema.columns), cells.column_names)
            found = align(planned, cells)
            assert reasons(found) == []
            frame_again = model_input(planned, found.features)
            np.testing.assert_array_equal(model.predict_proba(frame_again)[:, 1], expected)


def test_an_imputer_for_a_number_does_not_take_a_null() -> None:
    frame = pd.DataFrame({"a": [1.0, -1.0, 3.0] * 5})
    model = make_pipeline(SimpleImputer(missing_values=-1), DecisionTreeClassifier())
    schema = derive_schema(model.fit(frame, [0, 1, 1] * 5))
    assert not schema.column("a").accepts_null


def test_no_null_suits_two_steps_that_know_another_one_each() -> None:
    frame = pd.DataFrame({"c": pd.Series(["a", "b", None] * 5, dtype=object)})
    knows_nan = OneHotEncoder(categories=[["a", "b", np.nan]], handle_unknown="ignore")
    model = make_pipeline(make_union(OneHotEncoder(), knows_nan), DecisionTreeClassifier())
    schema = derive_schema(model.fit(frame, [0, 1, 1] * 5))
    assert not schema.column("c").accepts_null


def test_numbers_beside_none_stay_whole() -> None:
    frame = pd.DataFrame({"c": pd.Series([1, 2, None] * 5, dtype=object)})
    model = make_pipeline(OneHotEncoder(), DecisionTreeClassifier()).fit(frame, [0, 1, 1] * 5)
    columns = list(derive_schema(model).columns)
    assert aligned(columns, {"c": ["2", None, "1"]}).features[0].tolist() == [2, None, 1]
