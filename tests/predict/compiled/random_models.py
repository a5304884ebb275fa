"""Random models of every kind that is compiled: `draw_model(seed)` returns one, with its rows."""

from __future__ import annotations

import random
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from titanic_batch.schema import TrainingSchema
from titanic_batch.schema.derive import derive_schema

#: They are fitted with nulls.
_TAKE_NULLS = ("Hist", "RandomForest", "ExtraTrees", "DecisionTree")
_TRAINING_ROWS = 500
_TEXTS = ("a", "b", "c", "d", "E", "f g", "é", "")
_CODES = (0, 1, 2, 3, 5, 8, 13)


@dataclass(frozen=True, kw_only=True)
class RandomModel:
    """A fitted model.

    Attributes:
        what: What it is made of, in a few words.
        estimator: It.
        schema: What it expects.
        rows: Rows to predict, as the model is given them; their last column may be text.
    """

    what: str
    estimator: Any
    schema: TrainingSchema
    rows: pd.DataFrame


def draw_model(seed: int, count: int) -> RandomModel:
    """Return a random model, and `count` rows for it; the same for the same seed."""
    rng = random.Random(seed)
    np.random.seed(seed % 2**32)  # scikit-learn's own default
    classes = rng.choice([1, 1, 2, 2, 2, 3, 4])
    last = _last(rng, classes)
    name = type(last).__name__
    how = rng.choice(["pipeline"] * 6 + ["bare", "dummies", "native"])
    if how == "native" and not name.startswith("Hist"):
        how = "pipeline"
    texts = 0 if how == "bare" else rng.randint(how == "native", 3)
    nulls = how != "dummies" and (how == "pipeline" or name.startswith(_TAKE_NULLS))
    columns = [_Column(rng, f"n{at}", "number") for at in range(rng.randint(1, 4))]
    columns += [_Column(rng, f"c{at}", rng.choice(["text", "code"])) for at in range(texts)]
    for column in columns:
        column.nulls = rng.choice([0.0, 0.02, 0.3]) if nulls and name != "GradientB" else 0.0
    rng.shuffle(columns)
    train = pd.DataFrame({one.name: one.draw(_TRAINING_ROWS, fresh=False) for one in columns})
    rows = pd.DataFrame({one.name: one.draw(count, fresh=True) for one in columns})
    target = _target(rng, train, classes)
    if how == "dummies":
        wide = [one.name for one in columns if one.kind == "text"]
        train = pd.get_dummies(train, columns=wide)
        rows = pd.get_dummies(rows, columns=wide).reindex(columns=list(train), fill_value=False)
    if how == "native":
        for one in columns:
            if one.kind != "number":  # a value that training did not meet is null to pandas
                known = sorted(train[one.name].dropna().unique())
                for frame in (train, rows):
                    met = frame[one.name].where(frame[one.name].isin(known))
                    frame[one.name] = pd.Categorical(met, categories=known)
        last.set_params(categorical_features="from_dtype")
    estimator = _pipeline(rng, columns, last) if how == "pipeline" else last
    if how == "bare":
        estimator = make_pipeline(_scaler(rng), last)
    fed: Any = train.to_numpy() if how == "bare" else train
    with warnings.catch_warnings(action="ignore"):
        estimator.fit(fed, target)
    schema = derive_schema(estimator, features=train.columns.tolist() if how == "bare" else None)
    return RandomModel(
        what=f"{how}, {name}, {classes} classes, {_described(estimator)}",
        estimator=estimator,
        schema=schema,
        rows=rows[list(schema.names)],
    )


class _Column:
    """A column of random kind."""

    def __init__(self, rng: random.Random, name: str, kind: str) -> None:
        self.name, self.kind, self.nulls = name, kind, 0.0
        self._values = rng.sample(_TEXTS if kind == "text" else _CODES, rng.randint(2, 6))
        self._shape = rng.choice(["normal", "counts", "money", "wide", "constant", "halves"])
        self._scale = 10.0 ** rng.randint(-6, 7)
        self._random = np.random.default_rng(rng.randrange(2**32))

    def draw(self, count: int, *, fresh: bool) -> npt.NDArray[Any]:
        """Return values, shape (count,); among fresh ones are some that training did not meet."""
        odd = self._random.random(count) < (0.05 if fresh else 0.0)
        if self.kind == "number":
            values = self._numbers(count)
            extremes = self._random.choice([0.0, -0.0, 1e30, -1e30, 3.5e38, 5e-324], count)
            values = np.where(odd, extremes, values)
            return np.where(self._random.random(count) < self.nulls, np.nan, values)
        weights = np.array([2.0**-at for at in range(len(self._values))])
        at = self._random.choice(len(self._values), count, p=weights / weights.sum())
        if self.kind == "code":
            codes = np.where(odd, 99, np.array(self._values)[at])
            is_null = self._random.random(count) < self.nulls
            return codes if not self.nulls else np.where(is_null, np.nan, codes)
        texts = np.array(self._values, dtype=object)[at]
        texts[odd] = "elsewhere"
        texts[self._random.random(count) < self.nulls] = np.nan
        return texts

    def _numbers(self, count: int) -> npt.NDArray[np.float64]:
        normal = self._random.normal(size=count)
        if self._shape == "counts":
            return self._random.integers(0, 9, count).astype(float)
        if self._shape == "money":
            return np.exp(normal + 3).round(2)
        if self._shape == "wide":
            return normal * self._scale
        if self._shape == "constant":
            return np.full(count, self._scale)
        return normal.round(1) / 2 if self._shape == "halves" else normal


def _target(rng: random.Random, train: pd.DataFrame, classes: int) -> Any:
    raw = np.random.default_rng(rng.randrange(2**32)).normal(size=len(train))
    for name in train:
        column = train[name]
        codes = pd.factorize(column)[0] if column.dtype == object else column.rank().fillna(0)
        raw = raw + rng.uniform(-4, 4) * np.asarray(codes) / len(train)
    if classes == 1:
        return raw + 5.0 - raw.min()  # above 0, as Poisson's wants it
    cuts = np.quantile(raw, np.linspace(0, 1, classes + 1)[1:-1])
    found = np.searchsorted(cuts, raw)
    return found if rng.random() < 0.5 else np.array(["no", "yes", "so", "then"])[found]


def _last(rng: random.Random, classes: int) -> Any:
    trees = rng.randint(1, 30)
    leaf, depth = rng.choice([1, 5, 20]), rng.choice([1, 4, 9, None])
    shape = {"max_depth": depth, "min_samples_leaf": leaf}
    boost = {"n_estimators": trees, "max_depth": rng.randint(1, 5)}
    histogram = {"max_iter": trees, "max_leaf_nodes": rng.randint(2, 70), "min_samples_leaf": leaf}
    if classes == 1:
        return rng.choice(
            [
                LinearRegression(),
                Ridge(),
                Lasso(0.01),
                ElasticNet(0.01),
                SGDRegressor(),
                LinearSVR(),
                DecisionTreeRegressor(**shape),
                RandomForestRegressor(trees, **shape),
                ExtraTreesRegressor(trees, **shape),
                GradientBoostingRegressor(**boost),
                HistGradientBoostingRegressor(**histogram),
                HistGradientBoostingRegressor(loss=rng.choice(["poisson", "gamma"]), **histogram),
            ]
        )
    loss = "exponential" if classes == 2 and rng.random() < 0.3 else "log_loss"
    init = rng.choice([None, "zero"])
    return rng.choice(
        [
            LogisticRegression(max_iter=200),
            SGDClassifier(loss=rng.choice(["log_loss", "hinge"])),
            LinearSVC(),
            DecisionTreeClassifier(**shape),
            RandomForestClassifier(trees, **shape),
            RandomForestClassifier(trees, class_weight="balanced", **shape),
            ExtraTreesClassifier(trees, **shape),
            GradientBoostingClassifier(loss=loss, init=init, **boost),
            HistGradientBoostingClassifier(**histogram),
            HistGradientBoostingClassifier(**histogram),
        ]
    )


def _pipeline(rng: random.Random, columns: list[_Column], last: Any) -> Any:
    takes_nulls = type(last).__name__.startswith(_TAKE_NULLS)
    numbers = [one.name for one in columns if one.kind == "number"]
    others = [one.name for one in columns if one.kind != "number"]
    steps: list[tuple[str, Any, Any]] = []
    chosen: Any = numbers
    codes = any(one.kind == "code" for one in columns)
    if not codes and rng.random() < 0.2:
        chosen = make_column_selector(dtype_include="number")
    steps.append(("numbers", _number_steps(rng, takes_nulls=takes_nulls), chosen))
    for name in others:
        kind = next(one.kind for one in columns if one.name == name)
        steps.append((f"of {name}", _category_steps(rng, kind, takes_nulls=takes_nulls), [name]))
    rng.shuffle(steps)
    made: Any = ColumnTransformer(steps, sparse_threshold=0)
    if rng.random() < 0.3:
        made = make_pipeline(made, rng.choice([_scaler(rng), "passthrough"]))
    if rng.random() < 0.3:
        made = ColumnTransformer([("inner", made, make_column_selector())], sparse_threshold=0)
    return Pipeline([("columns", made), ("last", last)])


def _number_steps(rng: random.Random, *, takes_nulls: bool) -> Any:
    strategy = rng.choice(["mean", "median", "most_frequent", "constant"])
    imputer = SimpleImputer(strategy=strategy, add_indicator=rng.random() < 0.3)
    steps = [imputer, _scaler(rng)]
    if takes_nulls and rng.random() < 0.5:
        steps = [_scaler(rng)]
    if rng.random() < 0.2:
        steps.reverse()
    return make_pipeline(*steps)


def _scaler(rng: random.Random) -> Any:
    return rng.choice(
        [
            StandardScaler(),
            StandardScaler(with_mean=False),
            StandardScaler(with_std=False),
            MinMaxScaler(clip=rng.random() < 0.5),
            MinMaxScaler((-3, 2)),
            MaxAbsScaler(),
            RobustScaler(with_centering=rng.random() < 0.5),
            "passthrough",
        ]
    )


def _category_steps(rng: random.Random, kind: str, *, takes_nulls: bool) -> Any:
    dense = {"sparse_output": False}
    encoder = rng.choice(
        [
            OneHotEncoder(handle_unknown="ignore", **dense),
            OneHotEncoder(handle_unknown="ignore", drop=rng.choice(["first", "if_binary"])),
            OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.1, **dense),
            OneHotEncoder(handle_unknown="warn", max_categories=3, **dense),
            OneHotEncoder(**dense),
            OrdinalEncoder(
                handle_unknown="use_encoded_value",
                unknown_value=rng.choice([-1, 99]),
                encoded_missing_value=-2,
            ),
            OrdinalEncoder(
                handle_unknown="use_encoded_value",
                unknown_value=np.nan if takes_nulls else -1,
                encoded_missing_value=np.nan if takes_nulls else 40,
            ),
        ]
    )
    if rng.random() < 0.5:
        return encoder
    fill: Any = "none" if kind == "text" else -1
    imputer = rng.choice(
        [
            SimpleImputer(strategy="most_frequent"),
            SimpleImputer(strategy="constant", fill_value=fill),
        ]
    )
    return make_pipeline(imputer, encoder)


def _described(estimator: Any) -> str:
    return " ".join(str(estimator).split())[:400]
