"""Draw what is predicted, and the model that predicts it."""

from __future__ import annotations

import random
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

_LABELS: dict[str, tuple[Any, ...]] = {
    "0 and 1": (0, 1),
    "two texts": ("died", "lived"),
    "true and false": (False, True),
    "three texts": ("no", "may be", "yes"),
    "three numbers": (0, 1, 2),
    "four numbers": (10, 20, 30, 40),
}


def draw_target(rng: random.Random, signal: npt.NDArray[np.float64]) -> tuple[str, list[Any]]:
    """Draw what is to be predicted from something that the columns say, and some noise.

    Returns:
        `number` or `class`, and a value for each row.
    """
    generator = np.random.default_rng(rng.randrange(2**32))
    noisy = signal + generator.normal(0, 0.3, len(signal))
    if rng.random() < 0.25:
        return "number", [round(float(value), 3) for value in noisy * 10]
    labels = _LABELS[rng.choice(("0 and 1", "0 and 1", *_LABELS))]
    ranks = np.argsort(np.argsort(noisy)) * len(labels) // len(signal)
    return "class", [labels[rank] for rank in ranks]


def draw_final(rng: random.Random, target: str, labels: list[Any], *, nulls: bool) -> Any:
    """Draw a model; where `nulls`, one that takes NaN more often than not."""
    takes_null = nulls and rng.random() < 0.8
    if target == "number":
        if takes_null:
            return rng.choice(
                (
                    HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=5),
                    DecisionTreeRegressor(max_depth=4, random_state=0),
                    RandomForestRegressor(5, random_state=0),
                    lightgbm.LGBMRegressor(
                        n_estimators=5, min_child_samples=5, verbose=-1, n_jobs=1
                    ),
                    xgboost.XGBRegressor(n_estimators=5, n_jobs=1),
                )
            )
        return rng.choice(
            (
                LinearRegression(),
                Ridge(),
                RandomForestRegressor(5, random_state=0),
                KNeighborsRegressor(3),
            )
        )
    trees = [
        DecisionTreeClassifier(max_depth=5, random_state=0),
        RandomForestClassifier(5, random_state=0),
        HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5),
        ExtraTreesClassifier(5, random_state=0),
    ]
    if takes_null:
        if rng.random() < 0.2:
            return lightgbm.LGBMClassifier(
                n_estimators=5, min_child_samples=5, verbose=-1, n_jobs=1
            )
        if rng.random() < 0.15 and set(labels) <= {0, 1, 2} and not isinstance(labels[0], bool):
            return xgboost.XGBClassifier(n_estimators=5, n_jobs=1)
        return rng.choice(trees)
    return rng.choice(
        (
            *trees,
            *(LogisticRegression(max_iter=200), LogisticRegression(max_iter=200), GaussianNB()),
            *(KNeighborsClassifier(3), LinearSVC()),
            GradientBoostingClassifier(n_estimators=5, random_state=0),
            CalibratedClassifierCV(LogisticRegression(max_iter=200), cv=2),
            VotingClassifier([("a", trees[0]), ("b", GaussianNB())], voting="soft"),
        )
    )
