"""Draw what stands before the model: encoders, imputers, own functions, foreign libraries."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from feature_engine import discretisation, imputation, outliers
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from tests.differential import own_steps
from tests.differential.foreign import draw_foreign_encoder

#: What pandas made of a column: of numbers, of booleans, or of something else.
Sort = str


def sort_of(values: pd.Series[Any]) -> Sort:
    if values.dtype.kind in "iuf":
        return "numbers"
    return "booleans" if values.dtype.kind == "b" else "texts"


def own(function: Callable[..., Any]) -> FunctionTransformer:
    return FunctionTransformer(function)


def draw_one_hot(rng: random.Random) -> OneHotEncoder:
    return OneHotEncoder(
        handle_unknown=rng.choice(("error", "ignore", "ignore", "infrequent_if_exist", "warn")),
        min_frequency=rng.choice((None, None, None, 3, 0.2)),
        max_categories=rng.choice((None, None, None, 3)),
        drop=rng.choice((None, None, None, "first", "if_binary")),
        sparse_output=False,
    )


def draw_ordinal(rng: random.Random) -> OrdinalEncoder:
    missing = rng.choice((np.nan, -2, -1, 100))
    if rng.random() < 0.5:
        return OrdinalEncoder(encoded_missing_value=missing)
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=rng.choice((-1, np.nan, 99)),
        encoded_missing_value=missing,
        min_frequency=rng.choice((None, None, 3)),
    )


def draw_encoder(rng: random.Random) -> Any:
    """Draw one of scikit-learn's own encoders."""
    made = rng.random()
    if made < 0.55:
        return draw_one_hot(rng)
    if made < 0.85:
        return draw_ordinal(rng)
    return TargetEncoder(cv=2, random_state=0)


def draw_known_for_texts(rng: random.Random, *, nones: bool) -> Any:
    """Draw a step of scikit-learn's own that turns columns of text into numbers."""
    null: Any = None if nones else np.nan
    imputers = (
        SimpleImputer(strategy="most_frequent", missing_values=null),
        SimpleImputer(strategy="constant", fill_value="missing", missing_values=null),
        SimpleImputer(strategy="constant", fill_value="?", missing_values=null),
        SimpleImputer(strategy="most_frequent", missing_values="?"),
    )
    first = [rng.choice(imputers)] if rng.random() < 0.5 else []
    step = make_pipeline(*first, draw_encoder(rng))
    if rng.random() < 0.9:
        return step
    null_flag = MissingIndicator(missing_values=null, features="all")
    return FeatureUnion([("encoded", step), ("null", null_flag)])


def draw_for_texts(rng: random.Random, *, nones: bool) -> Any:
    """Draw a step that turns columns of text (or of mixed objects) into numbers."""
    made = rng.random()
    if made < 0.1:
        return own(rng.choice((own_steps.known_words, own_steps.lengths, own_steps.is_true)))
    if made < 0.18:
        return own(
            rng.choice((own_steps.which_null, own_steps.type_names, own_steps.lower_lengths))
        )
    if made < 0.22:
        return own(own_steps.days)
    if made < 0.4:
        return draw_known_for_texts(rng, nones=nones)
    first = [
        rng.choice(
            (
                own(own_steps.as_text),
                own(own_steps.fill_with_question_mark),
                own(own_steps.text_of_each),
                own(own_steps.first_letter),
                own(own_steps.as_objects),
                imputation.CategoricalImputer(ignore_format=True),
                imputation.CategoricalImputer(imputation_method="frequent", ignore_format=True),
                SimpleImputer(strategy="constant", fill_value="missing"),
                "passthrough",
            )
        )
    ]
    foreign = rng.random() < 0.5
    return make_pipeline(*first, draw_foreign_encoder(rng, None) if foreign else draw_encoder(rng))


def draw_known_for_numbers(rng: random.Random) -> Any:
    """Draw a step of scikit-learn's own that takes columns of numbers."""
    if rng.random() < 0.1:
        return "passthrough"
    if rng.random() < 0.25:
        return draw_encoder(rng)
    imputers = (
        SimpleImputer(add_indicator=rng.random() < 0.3),
        SimpleImputer(strategy="median", keep_empty_features=True),
        SimpleImputer(strategy="most_frequent"),
        SimpleImputer(strategy="constant", fill_value=-1),
        SimpleImputer(missing_values=1, strategy="mean"),
        KNNImputer(n_neighbors=2),
        "passthrough",
    )
    more = (
        *(StandardScaler(), MinMaxScaler(), RobustScaler(), PowerTransformer()),
        KBinsDiscretizer(3, encode="ordinal", quantile_method="averaged_inverted_cdf"),
        KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform"),
        *(PolynomialFeatures(2), QuantileTransformer(n_quantiles=10), "passthrough"),
    )
    step = make_pipeline(rng.choice(imputers), rng.choice(more))
    if rng.random() < 0.9:
        return step
    return FeatureUnion([("same", step), ("null", MissingIndicator(features="all"))])


def draw_for_numbers(rng: random.Random, columns: Sequence[str]) -> Any:
    """Draw a step that takes columns of numbers."""
    made = rng.random()
    if made < 0.08:
        return "passthrough"
    if made < 0.35:
        cast = rng.choice(
            (own_steps.as_text, own_steps.text_of_each, own_steps.fill_with_question_mark)
        )
        return make_pipeline(own(cast), draw_encoder(rng))
    if made < 0.43:
        return own(
            rng.choice(
                (
                    *(own_steps.lengths, own_steps.type_names, own_steps.known_numbers),
                    *(own_steps.fill_with_zero, own_steps.number_kinds, own_steps.which_null),
                )
            )
        )
    if made < 0.5:
        return draw_encoder(rng)
    if made < 0.55:
        return draw_foreign_encoder(rng, list(columns) if rng.random() < 0.5 else None)
    if made < 0.8:
        return draw_known_for_numbers(rng)
    first = (
        imputation.MeanMedianImputer(),
        imputation.ArbitraryNumberImputer(arbitrary_number=-9),
        imputation.EndTailImputer(),
        imputation.AddMissingIndicator(missing_only=False),
        SimpleImputer(),
        own(own_steps.fill_with_zero),
    )
    more = (
        *(StandardScaler(), "passthrough", "passthrough"),
        outliers.Winsorizer(capping_method="iqr", tail="both", fold=1.5),
        discretisation.EqualWidthDiscretiser(bins=3),
    )
    return make_pipeline(rng.choice(first), rng.choice(more))


def draw_for_booleans(rng: random.Random) -> Any:
    """Draw a step that takes columns of True and False."""
    return rng.choice(
        (
            "passthrough",
            draw_encoder(rng),
            make_pipeline(own(own_steps.as_text), draw_encoder(rng)),
            own(own_steps.is_true),
            own(own_steps.type_names),
            own(own_steps.known_numbers),
            make_pipeline(own(own_steps.as_objects), draw_foreign_encoder(rng, None)),
        )
    )


def draw_columns_step(
    rng: random.Random, frame: pd.DataFrame, *, nones: bool, known: bool = False
) -> Any:
    """Draw a ColumnTransformer over the columns of `frame`, each named in one way or another.

    Args:
        rng: What draws.
        frame: The training data.
        nones: Whether its null is None.
        known: Whether all steps are to be scikit-learn's own.
    """
    names = [str(name) for name in frame.columns]
    groups: list[tuple[Sort, list[str]]] = []
    for name in names:
        sort = sort_of(frame[name])
        if groups and groups[-1][0] == sort and rng.random() < 0.5:
            groups[-1][1].append(name)
        else:
            groups.append((sort, [name]))
    transformers: list[tuple[str, Any, Any]] = []
    left_over = rng.randrange(len(groups)) if len(groups) > 1 and rng.random() < 0.15 else -1
    numbers_left = left_over >= 0 and groups[left_over][0] == "numbers"
    for number, (sort, columns) in enumerate(groups):
        if number == left_over:
            continue
        step, one = _step_for(rng, sort, columns, nones=nones, known=known)
        chosen = columns[0] if one else _named(rng, frame, columns)
        transformers.append((f"step{number}", step, chosen))
    remainder = "passthrough" if numbers_left and rng.random() < 0.7 else "drop"
    whole = ColumnTransformer(transformers, remainder=remainder, sparse_threshold=0)
    if rng.random() < 0.1:  # a nest of them, as libraries of steps make
        return ColumnTransformer([("all", make_pipeline(whole), names)], sparse_threshold=0)
    return whole


def _step_for(
    rng: random.Random, sort: Sort, columns: list[str], *, nones: bool, known: bool
) -> tuple[Any, bool]:
    """Return a step, and whether it takes one column as a series."""
    if sort == "numbers":
        return draw_known_for_numbers(rng) if known else draw_for_numbers(rng, columns), False
    if sort == "booleans":
        return draw_encoder(rng) if known else draw_for_booleans(rng), False
    if len(columns) == 1 and rng.random() < 0.12:
        vectorizer = rng.choice((CountVectorizer, TfidfVectorizer, HashingVectorizer))
        more = {"n_features": 16} if vectorizer is HashingVectorizer else {}
        return vectorizer(**more), True
    if known:
        return draw_known_for_texts(rng, nones=nones), False
    return draw_for_texts(rng, nones=nones), False


def _named(rng: random.Random, frame: pd.DataFrame, columns: list[str]) -> Any:
    """Name columns by name, position, slice, mask or selector."""
    positions = [list(frame.columns).index(name) for name in columns]
    ways: list[Any] = [columns, columns, positions]
    if positions == list(range(positions[0], positions[-1] + 1)):
        ways += [slice(positions[0], positions[-1] + 1), slice(columns[0], columns[-1])]
    ways.append([name in columns for name in frame.columns])
    kind = frame[columns[0]].dtype
    if [str(n) for n in frame.select_dtypes(include=[kind]).columns] == columns:
        ways.append(make_column_selector(dtype_include=kind))
    return rng.choice(ways)


def draw_after(rng: random.Random) -> list[Any]:
    """Draw what may stand between the columns' steps and the model."""
    return rng.choice(
        ([], [], [], [SimpleImputer()], [StandardScaler()], [SimpleImputer(), StandardScaler()])
    )
