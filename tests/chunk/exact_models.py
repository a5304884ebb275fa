"""Estimators that are not what their class's name says."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder


def strict(model: Any, features: Any) -> Any:
    """Say yes from 0.8 on only."""
    probabilities = type(model).predict_proba(model, features)[:, 1]
    return model.classes_[(probabilities >= 0.8).astype(int)]


class Strict(RandomForestClassifier):  # type: ignore[misc]
    def predict(self, features: Any) -> Any:
        return strict(self, features)


#: One that claims to be scikit-learn's.
Claiming = type("RandomForestClassifier", (Strict,), {"__module__": "sklearn.ensemble._forest"})


class Flipped(OneHotEncoder):  # type: ignore[misc]
    def transform(self, features: Any) -> Any:
        return super().transform(
            features[:, ::-1] if isinstance(features, np.ndarray) else features
        )


class Named(OneHotEncoder):  # type: ignore[misc]
    """Adds a method, and changes none that computes."""

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        return super().get_feature_names_out(input_features)

    def widths(self) -> list[int]:
        return [len(values) for values in self.categories_]


class Blind(SimpleImputer):  # type: ignore[misc]
    """Imputes nothing."""

    def transform(self, features: Any) -> Any:
        return features
