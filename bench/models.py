"""Train the models that the cases score with, and save them as a user would: with joblib.

Raw passenger columns in, encoders and imputers inside the pipeline, like the reference model.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import joblib
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bench.cases import SavedModel
from bench.generate import REAL_LIST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FEATURES = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]
TARGET = "Survived"


def _columns(*, scale: bool) -> ColumnTransformer:
    numeric = ["Age", "Fare"]
    counts = ["SibSp", "Parch"]
    return ColumnTransformer(
        [
            (
                "numeric",
                make_pipeline(
                    SimpleImputer(strategy="median"), StandardScaler() if scale else "passthrough"
                ),
                numeric,
            ),
            ("counts", StandardScaler() if scale else "passthrough", counts),
            ("category", OneHotEncoder(handle_unknown="ignore"), ["Pclass", "Sex"]),
            (
                "embarked",
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
                ),
                ["Embarked"],
            ),
        ],
        sparse_threshold=0,  # gradient boosting takes dense input only
    )


def logistic() -> Any:
    return make_pipeline(_columns(scale=True), LogisticRegression(max_iter=1000))


def boosting() -> Any:
    return make_pipeline(_columns(scale=False), HistGradientBoostingClassifier(random_state=0))


def forest() -> Any:
    return make_pipeline(_columns(scale=False), RandomForestClassifier(200, random_state=0))


def voting() -> Any:
    """Return boosting in a form that is not compiled, so that scikit-learn predicts."""
    return _voting(HistGradientBoostingClassifier(random_state=0))


def slow() -> Any:
    """Return a model that is slow to predict, and is not compiled: a thousand trees."""
    return _voting(RandomForestClassifier(1000, random_state=0))


def _voting(estimator: Any) -> Any:
    last = VotingClassifier([("it", estimator)], voting="soft")
    return make_pipeline(_columns(scale=False), last)


MODELS: dict[str, Callable[[], Any]] = {
    "logistic": logistic,
    "boosting": boosting,
    "forest": forest,
    "voting": voting,
    "slow": slow,
}


def train(name: str, folder: Path, *, real_list: Path = REAL_LIST) -> SavedModel:
    """Fit the model called `name` on the real training list and pickle it into `folder`."""
    passengers = pd.read_csv(real_list / "train.csv")
    model = MODELS[name]().fit(passengers[FEATURES], passengers[TARGET])
    path = folder / f"{name}.pkl"
    joblib.dump(model, path)
    return SavedModel(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
