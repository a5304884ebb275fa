"""Categories that boosting libraries know by themselves are derived too."""

from __future__ import annotations

import pickle
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline

from tests.alignment.planning import plan
from tests.schema.passengers import NUMBERS, RAW, filled, null_columns, passengers, sex, survived
from titanic_batch.alignment.apply import align
from titanic_batch.errors import ModelError
from titanic_batch.predict.frame import model_input
from titanic_batch.schema.derive import derive_schema


def boosting(**options: Any) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(max_iter=3, random_state=0, **options)


def as_category() -> Any:
    return passengers()[RAW].astype({"Sex": "category", "Embarked": "category"})


def test_hist_gradient_boosting_from_dtype() -> None:
    schema = derive_schema(
        boosting(categorical_features="from_dtype").fit(as_category(), survived())
    )
    assert tuple(RAW) == schema.names
    assert sex(schema).categories == ("female", "male")
    assert sex(schema).dtype == "category"
    assert not sex(schema).accepts_unknown
    # Embarked had nulls, so null is one of its categories; of Age and Fare the trees say it.
    assert {"Embarked", "Age", "Fare"} == null_columns(schema)


@pytest.mark.parametrize(
    "categorical", [["Sex", "Pclass"], [1, 0], [True, True, False, False, False, False, False]]
)
def test_hist_gradient_boosting_by_names_positions_and_mask(categorical: Any) -> None:
    table = passengers()[RAW]
    table["Embarked"] = table["Embarked"].map({"C": 0, "Q": 1, "S": 2})
    schema = derive_schema(boosting(categorical_features=categorical).fit(table, survived()))
    assert sex(schema).categories == ("female", "male")
    assert sex(schema).dtype == "str"
    assert schema.column("Pclass").categories == (1, 2, 3)
    assert schema.column("Pclass").dtype == "int64"
    assert schema.column("Embarked").kind == "number"


def test_hist_gradient_boosting_of_numbers() -> None:
    schema = derive_schema(boosting().fit(passengers()[NUMBERS], survived()))
    assert {"number"} == {column.kind for column in schema.columns}
    assert {"Age", "Fare"} == null_columns(schema)


def test_native_categories_behind_a_column_transformer() -> None:
    keep = ColumnTransformer(
        [("p", "passthrough", ["Sex", "Fare"])], verbose_feature_names_out=False
    ).set_output(transform="pandas")
    model = make_pipeline(keep, boosting(categorical_features="from_dtype"))
    schema = derive_schema(model.fit(as_category(), survived()))
    assert schema.names == ("Sex", "Fare")
    assert sex(schema).dtype == "category"


def test_lightgbm_categories_outlive_pickling() -> None:
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1)
    schema = derive_schema(pickle.loads(pickle.dumps(model.fit(as_category(), survived()))))
    assert tuple(RAW) == schema.names
    assert sex(schema).categories == ("female", "male")
    assert sex(schema).dtype == "category"
    assert schema.column("Embarked").categories == ("C", "Q", "S")
    assert {"Age", "Embarked", "Fare"} == null_columns(schema)
    assert schema.classes == (0, 1)


def test_lightgbm_categories_that_are_booleans_are_fed_as_categories() -> None:
    paid: Any = [True, False, None, True] * 30
    frame = filled()[NUMBERS].head(120).assign(paid=paid)
    frame["paid"] = frame["paid"].astype("category")
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1)
    model.fit(frame, survived()[:120])
    schema = derive_schema(model)
    column = schema.column("paid")
    assert (column.kind, column.dtype, column.categories) == ("category", "category", (False, True))
    made = plan(list(schema.columns), pa.schema([(name, pa.string()) for name in frame.columns]))
    texts = {name: frame[name].astype(object).map(str, na_action="ignore") for name in frame}
    table = pa.table({name: pa.array(texts[name], from_pandas=True) for name in frame})
    fed = model_input(made, align(made, table).features)
    expected = model.predict_proba(frame)
    np.testing.assert_array_equal(model.predict_proba(fed), expected)


def test_lightgbm_categories_declared_on_whole_numbers() -> None:
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1)
    model.fit(filled()[NUMBERS], survived(), categorical_feature=["Pclass"])
    schema = derive_schema(model)
    assert schema.column("Pclass").categories == (1, 2, 3)
    assert schema.column("Age").kind == "number"


def test_lightgbm_of_an_array_needs_names() -> None:
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1)
    model.fit(filled()[NUMBERS].to_numpy(), survived())
    with pytest.raises(ModelError, match="bare array"):
        derive_schema(model)


def test_xgboost_categories_and_names() -> None:
    model = xgboost.XGBClassifier(n_estimators=3, enable_categorical=True, n_jobs=1)
    schema = derive_schema(pickle.loads(pickle.dumps(model.fit(as_category(), survived()))))
    assert tuple(RAW) == schema.names
    assert sex(schema).categories == ("female", "male")
    assert sex(schema).dtype == "category"
    assert schema.column("Fare").kind == "number"
    assert {"Age", "Fare"} == null_columns(schema)  # of its own categories it keeps no trace


def test_xgboost_of_numbers_and_of_an_array() -> None:
    model = xgboost.XGBRegressor(n_estimators=3, n_jobs=1)
    schema = derive_schema(model.fit(filled()[NUMBERS], survived()))
    assert tuple(NUMBERS) == schema.names
    assert schema.classes is None
    model.fit(filled()[NUMBERS].to_numpy(), survived())
    with pytest.raises(ModelError, match="5 columns"):
        derive_schema(model)


class Counter:
    """An estimator with scikit-learn's calls and nothing of its base classes."""

    def fit(self, x: Any, y: Any) -> Counter:
        self.n_features_in_ = x.shape[1]
        return self

    def predict(self, x: Any) -> Any:
        return np.zeros(len(x))


def test_foreign_estimator_takes_numbers() -> None:
    schema = derive_schema(Counter().fit(filled()[NUMBERS].to_numpy(), None), features=NUMBERS)
    assert {"number"} == {column.kind for column in schema.columns}
    assert schema.classes is None


class Silent:
    """One that does not even say how many columns it takes."""

    def fit(self, x: Any, y: Any) -> Silent:
        self.fitted_ = True
        return self

    def predict(self, x: Any) -> Any:
        return np.zeros(len(x))


def test_foreign_estimator_that_says_nothing_is_asked_for() -> None:
    with pytest.raises(ModelError, match="does not show which columns") as caught:
        derive_schema(Silent().fit(filled(), None))
    assert "--features" in caught.value.hint
    assert "--data" in caught.value.hint
    # Foreign code looks columns up by name more often than not.
    assert derive_schema(Silent().fit(filled(), None), features=NUMBERS).named
