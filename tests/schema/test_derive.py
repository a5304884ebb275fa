"""A schema is derived from the fitted estimator alone, whatever it is built of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from tests.schema.passengers import (
    NUMBERS,
    RAW,
    derived,
    dummies,
    filled,
    fit,
    null_columns,
    passengers,
    sex,
    survived,
)
from titanic_batch.errors import ModelError
from titanic_batch.schema.derive import derive_schema


def impute_encode(**onehot: Any) -> Pipeline:
    return make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(**onehot))


def usual(**onehot: Any) -> ColumnTransformer:
    """The shape that most notebooks have."""
    return ColumnTransformer(
        [
            ("text", impute_encode(**onehot), ["Sex", "Embarked"]),
            ("rest", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
        ]
    )


# ---------------------------------------------------------------------------------------------
# Kinds, categories, nulls


def test_usual_pipeline_shows_kinds_categories_and_nulls() -> None:
    schema = derived(usual())
    assert tuple(RAW) == schema.names
    assert schema.origin == "estimator"
    assert schema.named
    assert schema.classes == (0, 1)
    assert sex(schema).categories == ("female", "male")
    assert sex(schema).kind == "category"
    assert sex(schema).dtype == "str"
    assert schema.column("Embarked").categories == ("C", "Q", "S")
    assert {name: schema.column(name).kind for name in NUMBERS} == dict.fromkeys(NUMBERS, "number")
    assert set(RAW) == null_columns(schema)


def test_null_is_refused_without_an_imputer_even_where_the_estimator_swallows_it() -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(filled()[NUMBERS], survived())
    assert set() == null_columns(derive_schema(forest))


def test_null_among_an_encoders_categories_is_accepted() -> None:
    encode = ColumnTransformer([("e", OneHotEncoder(), ["Sex", "Embarked"])])
    schema = derived(encode, columns=["Sex", "Embarked"])
    assert {"Embarked"} == null_columns(schema)
    assert schema.column("Embarked").categories == ("C", "Q", "S")
    assert schema.column("Embarked").dtype == "str"


def test_null_that_is_none_is_told_from_nan() -> None:
    table = passengers()[["Embarked"]].astype(object)
    table = table.where(table.notna(), None)
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    column = derive_schema(model.fit(table, survived())).column("Embarked")
    assert column.accepts_null
    assert column.null_value is None


@pytest.mark.parametrize(
    "imputer",
    [
        SimpleImputer(),
        SimpleImputer(add_indicator=True),
        KNNImputer(n_neighbors=3),
        make_pipeline(StandardScaler(), KNNImputer(n_neighbors=3)),
        make_union(SimpleImputer(), MissingIndicator()),
    ],
)
def test_imputers_accept_null_in_their_columns_alone(imputer: Any) -> None:
    columns = ColumnTransformer([("i", imputer, ["Age", "Fare"])], remainder=StandardScaler())
    assert {"Age", "Fare"} == null_columns(derived(columns, columns=NUMBERS))


def test_iterative_imputer_accepts_null() -> None:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    assert set(NUMBERS) == null_columns(derived(IterativeImputer(tol=1.0), columns=NUMBERS))


def test_missing_indicator_that_fails_on_new_nulls_refuses_them() -> None:
    union = make_union(MissingIndicator(), SimpleImputer())
    assert {"Age", "Fare"} == null_columns(derived(union, columns=["Age", "SibSp", "Fare"]))


def test_imputer_of_another_marker_does_not_accept_null() -> None:
    model = make_pipeline(SimpleImputer(missing_values=-1), LogisticRegression())
    schema = derive_schema(model.fit(filled()[["Age"]], survived()))
    assert set() == null_columns(schema)


def test_constant_fill_is_a_known_category_of_the_input_too() -> None:
    fill = make_pipeline(SimpleImputer(strategy="constant", fill_value="none"), OneHotEncoder())
    schema = derived(ColumnTransformer([("e", fill, ["Embarked"])]), columns=["Embarked"])
    assert schema.column("Embarked").categories == ("C", "Q", "S", "none")
    assert {"Embarked"} == null_columns(schema)


def test_column_used_twice_accepts_null_only_where_both_uses_do() -> None:
    columns = ColumnTransformer(
        [
            ("filled", SimpleImputer(), ["Age", "Fare"]),
            ("binned", KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), ["Fare"]),
        ]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(filled()[NUMBERS], survived())
    assert {"Age"} == null_columns(derive_schema(model))


def test_numeric_and_boolean_categories_keep_their_types() -> None:
    table = passengers()[["Pclass", "SibSp"]].assign(
        SibSp=lambda t: t["SibSp"].astype(float), Alone=lambda t: t["SibSp"] == 0
    )
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(table, survived())
    schema = derive_schema(model)
    assert schema.column("Pclass").categories == (1, 2, 3)
    assert schema.column("Pclass").dtype == "int64"
    assert schema.column("SibSp").dtype == "float64"
    assert schema.column("Alone").kind == "boolean"
    assert schema.column("Alone").dtype == "bool"


def test_text_vectorizer_on_one_column_makes_it_text() -> None:
    columns = ColumnTransformer(
        [("name", TfidfVectorizer(max_features=20), "Name"), ("sex", OneHotEncoder(), ["Sex"])]
    )
    schema = derived(columns, columns=["Name", "Sex"])
    assert schema.column("Name").kind == "text"
    assert not schema.column("Name").accepts_null


# ---------------------------------------------------------------------------------------------
# Unknown categories


@pytest.mark.parametrize(
    ("encoder", "accepted"),
    [
        (OneHotEncoder(), False),
        (OneHotEncoder(handle_unknown="ignore"), False),
        (OneHotEncoder(handle_unknown="infrequent_if_exist"), False),
        (OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=400), True),
        (OneHotEncoder(handle_unknown="ignore", min_frequency=400), False),
        (OrdinalEncoder(), False),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), True),
        (TargetEncoder(), True),
    ],
)
def test_unknown_category_is_accepted_only_where_training_gave_it_a_place(
    encoder: Any, accepted: bool
) -> None:
    column = sex(derived(ColumnTransformer([("e", encoder, ["Sex"])]), columns=["Sex"]))
    assert column.categories == ("female", "male")
    assert accepted == column.accepts_unknown


def test_infrequent_bucket_counts_for_its_own_column_only() -> None:
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=100)
    schema = derived(ColumnTransformer([("e", encoder, ["Sex", "Embarked"])]))
    assert not sex(schema).accepts_unknown
    assert schema.column("Embarked").accepts_unknown


def test_two_encoders_know_what_both_know() -> None:
    table = passengers()
    columns = ColumnTransformer(
        [
            ("all", OneHotEncoder(), ["Embarked"]),
            ("some", OneHotEncoder(categories=[["C", "S"]], handle_unknown="ignore"), ["Embarked"]),
        ]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(table[["Embarked"]], survived())
    column = derive_schema(model).column("Embarked")
    assert column.categories == ("C", "S")
    assert not column.accepts_null


# ---------------------------------------------------------------------------------------------
# Shapes: what the frame must hold, and what it need not


def selections() -> dict[str, Any]:
    """One transformer, chosen by name, position, slice, mask and function."""
    numbers: dict[str, Any] = {
        "names": ["Age", "Fare"],
        "positions": [2, 5],
        "slice": slice("Age", "Fare"),
        "mask": [False, False, True, False, False, True, False],
        "function": make_column_selector(pattern="Age|Fare"),
        "negative": [-5, -2],
    }
    return numbers


@pytest.mark.parametrize("how", selections())
def test_dropped_columns_are_not_required_however_columns_are_chosen(how: str) -> None:
    model = fit(
        ColumnTransformer(
            [
                ("e", OneHotEncoder(), ["Sex"]),
                ("n", SimpleImputer(), selections()[how]),
                ("gone", "drop", ["Pclass"]),
            ]
        )
    )
    schema = derive_schema(model)
    assert "Pclass" not in schema.names
    assert "Embarked" not in schema.names
    table = passengers()
    np.testing.assert_array_equal(
        model.predict_proba(table[RAW]), model.predict_proba(table[list(schema.names)])
    )


def test_passthrough_columns_are_numbers() -> None:
    columns = ColumnTransformer(
        [("e", OneHotEncoder(), ["Sex"]), ("p", "passthrough", ["Pclass"])], remainder="passthrough"
    )
    schema = derived(columns, columns=["Sex", "Pclass", "SibSp"])
    assert schema.names == ("Sex", "Pclass", "SibSp")
    assert schema.column("SibSp").kind == "number"


def test_column_dropped_after_a_first_step_is_still_required() -> None:
    # The imputer checks all its columns before the ColumnTransformer drops one.
    model = fit(
        SimpleImputer().set_output(transform="pandas"),
        ColumnTransformer([("n", StandardScaler(), ["Age"])]),
        columns=["Age", "Fare"],
    )
    schema = derive_schema(model)
    assert schema.names == ("Age", "Fare")
    with pytest.raises(ValueError, match="Fare"):
        model.predict(passengers()[["Age"]])


def test_column_dropped_by_a_nested_transformer_is_still_required() -> None:
    inner = ColumnTransformer([("n", SimpleImputer(), ["Age"]), ("gone", "drop", ["Cabin"])])
    model = fit(ColumnTransformer([("inner", inner, ["Age", "Cabin"])]), columns=["Age", "Cabin"])
    schema = derive_schema(model)
    assert schema.names == ("Age", "Cabin")
    assert schema.column("Cabin").kind == "text"
    assert schema.column("Cabin").accepts_null
    with pytest.raises(ValueError, match="Cabin"):
        model.predict(passengers()[["Age"]])


def test_array_keeps_dropped_columns_in_their_place() -> None:
    columns = ColumnTransformer([("n", SimpleImputer(), [0]), ("gone", "drop", [1])])
    model = make_pipeline(columns, LogisticRegression())
    model.fit(passengers()[["Age", "Cabin", "Name"]].to_numpy(dtype=object), survived())
    schema = derive_schema(model, features=["Age", "Cabin", "Name"])
    assert not schema.named
    assert schema.names == ("Age", "Cabin", "Name")
    assert {"Age", "Cabin", "Name"} == null_columns(schema)


def test_second_column_transformer_is_followed_through_the_first() -> None:
    first = ColumnTransformer(
        [
            ("a", SimpleImputer(), ["Age", "Fare"]),
            ("e", SimpleImputer(strategy="most_frequent"), ["Embarked"]),
        ],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    second = ColumnTransformer(
        [("o", OneHotEncoder(), ["Sex", "Embarked"])], remainder=StandardScaler()
    )
    schema = derived(first, second)
    assert sex(schema).categories == ("female", "male")
    assert schema.column("Embarked").categories == ("C", "Q", "S")
    assert {"Age", "Fare", "Embarked"} == null_columns(schema)


def test_second_column_transformer_by_position_is_followed() -> None:
    first = ColumnTransformer([("a", SimpleImputer(), [2])], remainder="passthrough")
    second = ColumnTransformer([("o", OneHotEncoder(), [2])], remainder=StandardScaler())
    schema = derived(first, second, columns=["Pclass", "Sex", "Age"])
    assert sex(schema).categories == ("female", "male")
    assert {"Age"} == null_columns(schema)


def test_feature_union_of_column_transformers_requires_what_any_uses() -> None:
    model = fit(
        FeatureUnion(
            [
                ("sex", ColumnTransformer([("e", OneHotEncoder(), ["Sex"])])),
                ("age", ColumnTransformer([("n", SimpleImputer(), ["Age"])])),
            ]
        )
    )
    schema = derive_schema(model)
    assert schema.names == ("Sex", "Age")
    table = passengers()
    np.testing.assert_array_equal(
        model.predict_proba(table), model.predict_proba(table[["Sex", "Age"]])
    )


def test_function_transformer_without_a_function_is_seen_through() -> None:
    table = passengers()
    model = fit(FunctionTransformer(), usual(), columns=[*RAW, "Cabin"])
    schema = derive_schema(model)
    assert schema.names == tuple(RAW)
    model.predict(table[RAW])
    assert sex(schema).categories == ("female", "male")


def test_numpy_function_keeps_its_column_a_number() -> None:
    columns = ColumnTransformer(
        [("log", make_pipeline(FunctionTransformer(np.log1p), SimpleImputer()), ["Fare"])]
    )
    schema = derived(columns, columns=["Fare"])
    assert schema.column("Fare").kind == "number"
    assert schema.column("Fare").accepts_null


def length_of_name(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.map(len)


def test_column_that_only_foreign_code_reads_is_asked_for() -> None:
    model = fit(
        ColumnTransformer(
            [("f", FunctionTransformer(length_of_name), ["Name"]), ("n", SimpleImputer(), ["Age"])]
        ),
        columns=["Name", "Age"],
    )
    with pytest.raises(ModelError, match="Name go into FunctionTransformer") as caught:
        derive_schema(model)
    assert "--data train.csv --target TARGET" in caught.value.hint


def test_feature_selection_keeps_all_columns_required() -> None:
    model = fit(SimpleImputer(), StandardScaler(), SelectKBest(k=2), columns=NUMBERS)
    schema = derive_schema(model)
    assert tuple(NUMBERS) == schema.names
    assert set(NUMBERS) == null_columns(schema)


def test_get_dummies_columns_are_numbers() -> None:
    table = dummies()
    model = LogisticRegression(tol=1.0).fit(table, survived())
    schema = derive_schema(model)
    assert tuple(table.columns) == schema.names
    assert {"number"} == {column.kind for column in schema.columns}
    assert set() == null_columns(schema)


# ---------------------------------------------------------------------------------------------
# Meta-estimators


def wrappers() -> dict[str, Any]:
    def pipeline() -> Pipeline:
        return make_pipeline(usual(handle_unknown="ignore"), LogisticRegression(tol=1.0))

    return {
        "search": GridSearchCV(pipeline(), {"logisticregression__C": [0.1, 1.0]}, cv=2),
        "calibrated": CalibratedClassifierCV(pipeline(), cv=3),
        "voting": VotingClassifier([("a", pipeline()), ("b", pipeline())], voting="soft"),
        "stacking": StackingClassifier([("a", pipeline()), ("b", pipeline())], cv=2),
        "threshold": FixedThresholdClassifier(pipeline(), threshold=0.3),
        "one-vs-rest": OneVsRestClassifier(pipeline()),
        "nested": CalibratedClassifierCV(GridSearchCV(pipeline(), {}, cv=2), cv=2),
    }


@pytest.mark.parametrize("wrapper", wrappers())
def test_wrapped_pipeline_is_looked_through(wrapper: str) -> None:
    table = passengers()[[*RAW, "Cabin"]]
    model = wrappers()[wrapper].fit(table, survived())
    schema = derive_schema(model)
    assert tuple(RAW) == schema.names
    assert sex(schema).categories == ("female", "male")
    assert set(RAW) == null_columns(schema)
    assert schema.classes == (0, 1)
    np.testing.assert_array_equal(
        model.predict_proba(table), model.predict_proba(table[list(schema.names)])
    )


def test_regressor_behind_a_transformed_target_has_no_classes() -> None:
    model = TransformedTargetRegressor(
        make_pipeline(usual(), LinearRegression()), func=np.log1p, inverse_func=np.expm1
    )
    table = passengers().dropna(subset=["Fare"])
    schema = derive_schema(model.fit(table[RAW], table["Fare"]))
    assert schema.classes is None
    assert sex(schema).categories == ("female", "male")


def test_bagging_requires_every_column_and_sees_its_imputers() -> None:
    model = BaggingClassifier(
        make_pipeline(SimpleImputer(), LogisticRegression(tol=1.0)),
        n_estimators=3,
        max_features=0.6,
        random_state=0,
    ).fit(passengers()[NUMBERS], survived())
    schema = derive_schema(model)
    assert tuple(NUMBERS) == schema.names
    assert set(NUMBERS) == null_columns(schema)


# ---------------------------------------------------------------------------------------------
# What the estimator does not say


def test_bare_array_needs_names() -> None:
    model = LogisticRegression(tol=1.0).fit(filled()[NUMBERS].to_numpy(), survived())
    with pytest.raises(ModelError, match="bare array, so its 5 columns have no names") as caught:
        derive_schema(model)
    assert "titanic-batch models save FILE --features A,B,C" in caught.value.hint
    schema = derive_schema(model, features=NUMBERS)
    assert tuple(NUMBERS) == schema.names
    assert not schema.named


@pytest.mark.parametrize("features", [["Age"], ["Age"] * 5, []])
def test_wrong_number_of_names_is_an_error(features: list[str]) -> None:
    model = LogisticRegression(tol=1.0).fit(filled()[NUMBERS].to_numpy(), survived())
    with pytest.raises(ModelError) as caught:
        derive_schema(model, features=features)
    assert "--features" in caught.value.hint


def test_names_cannot_replace_those_of_training() -> None:
    with pytest.raises(ModelError, match="trained on named columns: Age"):
        derive_schema(fit(SimpleImputer(), columns=["Age"]), features=["Fare"])


def test_bare_array_through_encoders_by_position() -> None:
    columns = ColumnTransformer([("e", OneHotEncoder(), [1]), ("n", SimpleImputer(), [0])])
    model = make_pipeline(columns, LogisticRegression())
    model.fit(passengers()[["Age", "Sex"]].to_numpy(dtype=object), survived())
    schema = derive_schema(model, features=["Age", "Sex"])
    assert sex(schema).categories == ("female", "male")
    assert {"Age"} == null_columns(schema)


def test_unfitted_estimator_is_an_error() -> None:
    with pytest.raises(ModelError, match="before it was fitted"):
        derive_schema(make_pipeline(usual(), LogisticRegression()))


def test_search_without_refit_is_an_error() -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2, refit=False)
    with pytest.raises(ModelError, match="GridSearchCV") as caught:
        derive_schema(search.fit(filled()[["Fare"]], survived()))
    assert "refit=True" in caught.value.hint


def test_list_of_texts_is_an_error_that_says_how_to_train() -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    model.fit(passengers()["Name"], survived())
    with pytest.raises(ModelError, match="list of texts") as caught:
        derive_schema(model)
    assert "ColumnTransformer" in caught.value.hint


def test_dates_as_categories_are_an_error() -> None:
    days = pd.to_datetime(["1912-04-14", "1912-04-15"] * 4)
    table = pd.DataFrame({"day": days.astype("datetime64[ns]")})
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(table, [0, 1] * 4)
    with pytest.raises(ModelError, match="a cell of a file is text"):
        derive_schema(model)


def test_labels_are_python_values() -> None:
    labels = survived().map({0: "died", 1: "lived"})
    model = LogisticRegression(tol=1.0).fit(filled()[NUMBERS], labels)
    assert derive_schema(model).classes == ("died", "lived")
