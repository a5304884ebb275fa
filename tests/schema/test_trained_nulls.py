"""Tree models that were fitted with nulls show it, and those that were not never seem to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.schema.passengers import null_columns
from titanic_batch.schema.derive import derive_schema

RANDOM = np.random.default_rng(3)
FULL = pd.DataFrame(RANDOM.normal(size=(400, 4)), columns=list("abcd")).round(1)
HOLED = FULL.mask(RANDOM.random(FULL.shape) < [0.0, 0.15, 0.0, 0.15])
LABELS = (FULL["b"] + FULL["d"] + 0.5 * FULL["a"] > 0).astype(int)
WEIGHTS = RANDOM.random(len(FULL)) * (np.arange(len(FULL)) % 5 > 0)


def cat(**options: Any) -> Any:
    return catboost.CatBoostClassifier(
        iterations=5, verbose=0, allow_writing_files=False, thread_count=1, **options
    )


MODELS: dict[str, Callable[[], Any]] = {
    "tree": lambda: DecisionTreeClassifier(random_state=0),
    "forest": lambda: RandomForestClassifier(10, max_leaf_nodes=20, random_state=0),
    "extra": lambda: ExtraTreesRegressor(10, random_state=0),
    "scaled": lambda: make_pipeline(StandardScaler(), RandomForestClassifier(8, random_state=0)),
    "hist": lambda: HistGradientBoostingClassifier(max_iter=10, random_state=0),
    "hist regressor": lambda: HistGradientBoostingRegressor(max_iter=10, max_leaf_nodes=7),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1),
    "lightgbm dart": lambda: lightgbm.LGBMClassifier(
        n_estimators=5, boosting_type="dart", verbose=-1, n_jobs=1
    ),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=8, n_jobs=1),
    "xgboost exact": lambda: xgboost.XGBRegressor(n_estimators=8, tree_method="exact", n_jobs=1),
    "xgboost dart": lambda: xgboost.XGBClassifier(n_estimators=8, booster="dart", n_jobs=1),
    "catboost": cat,
}


@pytest.mark.parametrize("name", MODELS)
def test_columns_that_held_nulls_in_training_accept_them_and_no_others_do(name: str) -> None:
    model = MODELS[name]()
    assert {"b", "d"} == null_columns(derive_schema(model.fit(HOLED, LABELS)))
    assert set() == null_columns(derive_schema(MODELS[name]().fit(FULL, LABELS)))


@pytest.mark.parametrize("name", ["tree", "hist", "lightgbm", "xgboost", "xgboost exact"])
def test_weights_leave_no_trace_that_looks_like_a_null(name: str) -> None:
    fitted = MODELS[name]().fit(FULL, LABELS, sample_weight=WEIGHTS)
    assert set() == null_columns(derive_schema(fitted))


def test_categories_put_first_by_boosting_do_not_shift_the_columns() -> None:
    table = HOLED.assign(c=RANDOM.integers(0, 3, len(HOLED)))
    boosting = HistGradientBoostingClassifier(max_iter=10, categorical_features=["c"])
    assert {"b", "d"} == null_columns(derive_schema(boosting.fit(table, LABELS)))


def test_another_number_that_stood_for_a_null_is_no_null() -> None:
    model = xgboost.XGBClassifier(n_estimators=8, n_jobs=1, missing=-1.0)
    assert set() == null_columns(derive_schema(model.fit(HOLED.fillna(-1.0), LABELS)))
