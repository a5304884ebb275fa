"""Estimators of our own: one that remembers what it was fed, others that fail in their ways."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin


class Recorder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Hands its input on, and keeps every frame that it was given."""

    def fit(self, features: Any, target: Any = None) -> Recorder:
        self.feature_names_in_ = np.array(list(features), dtype=object)
        self.n_features_in_ = features.shape[1]
        self.seen_: list[Any] = []
        return self

    def transform(self, features: Any) -> Any:
        self.seen_.append(features)
        return features


class Answering(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers with what a function makes of the number in its only column."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    def fit(self, features: Any, target: Any = None) -> Answering:
        self.feature_names_in_ = np.array(list(features), dtype=object)
        self.n_features_in_ = features.shape[1]
        return self

    def predict(self, features: Any) -> Any:
        return self.answer(np.asarray(features)[:, 0])


class Deciding(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Takes its only column as the probability of `yes`."""

    def fit(self, features: Any, target: Any = None) -> Deciding:
        self.feature_names_in_ = np.array(list(features), dtype=object)
        self.n_features_in_ = features.shape[1]
        self.classes_ = np.array(["no", "yes"])
        return self

    def predict_proba(self, features: Any) -> Any:
        yes = np.asarray(features, dtype=float)[:, 0]
        return np.column_stack([1 - yes, yes])

    def predict(self, features: Any) -> Any:
        return self.classes_[(self.predict_proba(features)[:, 1] > 0.5).astype(int)]
