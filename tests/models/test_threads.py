from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline

from titanic_batch.models.threads import set_single_job

ROWS = np.random.default_rng(0).normal(size=(40, 3))
LABELS = np.tile([0, 1], 20)

forest = RandomForestClassifier(n_estimators=3, n_jobs=-1)


class Wrapper:
    """An estimator of one's own that only has predict."""

    def __init__(self, inner: Any) -> None:
        self.models = {"a": [(inner, 1)]}
        self.myself = self

    def get_params(self, *, deep: bool) -> dict[str, Any]:
        raise TypeError("these are no parameters")

    def set_params(self) -> None:
        raise TypeError("these are no parameters")

    def predict(self, rows: Any) -> Any:
        return self.models["a"][0][0].predict(rows)


def all_n_jobs(value: Any, seen: set[int]) -> Iterator[Any]:
    """Yield every attribute `n_jobs` that can be reached, by another way than the code's own."""
    if id(value) in seen or isinstance(value, type | str | bytes | int | float):
        return
    seen.add(id(value))
    if isinstance(value, dict):
        parts = list(value.values())
    elif isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == "O"):
        parts = list(value)
    else:
        parts = list(getattr(value, "__dict__", {}).values())
        if "n_jobs" in getattr(value, "__dict__", {}):
            yield value.n_jobs
    for part in parts:
        yield from all_n_jobs(part, seen)


@pytest.mark.parametrize(
    "estimator",
    [
        forest,
        make_pipeline(FeatureUnion([("a", "passthrough")], n_jobs=2), forest),
        VotingClassifier([("a", clone(forest)), ("b", KNeighborsClassifier(n_jobs=2))], n_jobs=2),
        StackingClassifier([("a", clone(forest))], ExtraTreesClassifier(3, n_jobs=2), cv=2),
        CalibratedClassifierCV(clone(forest), cv=2, n_jobs=2),
        GridSearchCV(clone(forest), {"max_depth": [1, 2]}, cv=2, n_jobs=None),
        OneVsRestClassifier(KNeighborsClassifier(n_jobs=2), n_jobs=2),
        BaggingClassifier(KNeighborsClassifier(n_jobs=2), n_estimators=2, n_jobs=2),
        ClassifierChain(LogisticRegression()),
        xgboost.XGBClassifier(n_estimators=2, n_jobs=2),
        lightgbm.LGBMClassifier(n_estimators=2, n_jobs=2, verbose=-1),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_every_reachable_n_jobs_becomes_one(estimator: Any) -> None:
    labels = np.column_stack([LABELS, LABELS]) if isinstance(estimator, ClassifierChain) else LABELS
    fitted = clone(estimator).fit(ROWS, labels)
    before = np.asarray(fitted.predict(ROWS))
    set_single_job(fitted)
    found = list(all_n_jobs(fitted, set()))
    assert set(found) <= {1}
    np.testing.assert_array_equal(before, fitted.predict(ROWS))


def test_an_estimator_of_ones_own_is_walked_without_its_parameters() -> None:
    wrapper = Wrapper(clone(forest).fit(ROWS, LABELS))
    set_single_job(wrapper)
    assert wrapper.models["a"][0][0].n_jobs == 1
