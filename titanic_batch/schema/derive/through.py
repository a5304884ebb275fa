"""Estimators that wrap others and hand them the input as it came."""

from __future__ import annotations

from typing import Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.model_selection._search import BaseSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor

_MANY = (
    VotingClassifier,
    VotingRegressor,
    StackingClassifier,
    StackingRegressor,
    OneVsRestClassifier,
    MultiOutputClassifier,
    MultiOutputRegressor,
)


def inner_estimators(estimator: Any) -> list[Any] | None:
    """Return the fitted estimators that get the very frame `estimator` was given.

    None where it is no wrapper, or checks or changes the input before it hands it on.
    """
    if isinstance(estimator, BaseSearchCV):
        return [estimator.best_estimator_]
    if isinstance(estimator, CalibratedClassifierCV):
        # Each was fitted on other rows, so each has categories of its own.
        return [one.estimator for one in estimator.calibrated_classifiers_]
    if isinstance(estimator, TransformedTargetRegressor):
        return [estimator.regressor_]
    if isinstance(estimator, FixedThresholdClassifier | TunedThresholdClassifierCV):
        return [getattr(estimator, "estimator_", estimator.estimator)]
    if isinstance(estimator, FrozenEstimator):
        return [estimator.estimator]
    if isinstance(estimator, _MANY):
        # OneVsRest has constant stand-ins for classes that every row or no row has.
        return [one for one in estimator.estimators_ if type(one).__name__ != "_ConstantPredictor"]
    return None
