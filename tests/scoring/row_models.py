"""Models that look from one row at another, each in its way, and some that only seem to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler


class ByHand(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Says yes with the probability that its `share` makes of a frame with columns a and b."""

    def fit(self, features: Any, target: Any = None) -> ByHand:
        self.feature_names_in_ = np.array(list(features), dtype=object)
        self.n_features_in_ = features.shape[1]
        self.classes_ = np.array([0, 1])
        return self

    def share(self, features: Any) -> Any:
        return 1 / (1 + np.exp(-features["a"].to_numpy()))

    def predict_proba(self, features: Any) -> Any:
        share = np.clip(self.share(features), 0, 1)
        return np.column_stack([1 - share, share])

    def predict(self, features: Any) -> Any:
        return (ByHand.predict_proba(self, features)[:, 1] > 0.5).astype(int)


class Centred(ByHand):
    def share(self, features: Any) -> Any:
        return 1 / (1 + np.exp(features["a"].mean() - features["a"].to_numpy()))


class Ranked(ByHand):
    def share(self, features: Any) -> Any:
        return features["a"].rank(pct=True).to_numpy()


class Counting(ByHand):
    def fit(self, features: Any, target: Any = None) -> Counting:
        self.calls_ = 0
        super().fit(features)
        return self

    def share(self, features: Any) -> Any:
        self.calls_ += 1
        return super().share(features) * (1 - 0.001 * self.calls_)


class Clustered(ByHand):
    def share(self, features: Any) -> Any:
        count = min(3, len(features))
        found = KMeans(count, n_init=1, random_state=0).fit_predict(features[["a"]])
        return super().share(features) * 0.5 + found / 10


class BySize(ByHand):
    def share(self, features: Any) -> Any:
        return super().share(features) * (1 - 1 / (10 + len(features)))


class FirstRow(ByHand):
    def share(self, features: Any) -> Any:
        share = super().share(features)
        share[0] = 0.5
        return share


class LastRow(ByHand):
    def share(self, features: Any) -> Any:
        share = super().share(features)
        share[-1] = 0.5
        return share


class Lagging(ByHand):
    def share(self, features: Any) -> Any:
        return 1 / (1 + np.exp(-features["a"].shift(1).fillna(0).to_numpy()))


class NullsOnly(ByHand):
    def share(self, features: Any) -> Any:
        filled = features["b"].fillna(features["b"].mean())
        return 1 / (1 + np.exp(-filled.to_numpy()))


class LargeOnly(ByHand):
    """Looks around where it is asked about very many rows."""

    def share(self, features: Any) -> Any:
        share = super().share(features)
        return share if len(features) <= 300 else share - share.mean() / 100


class Random(ByHand):
    def share(self, features: Any) -> Any:
        return super().share(features) * np.random.default_rng().uniform(0.9, 1, len(features))


class LabelsOnly(ByHand):
    def predict(self, features: Any) -> Any:
        return (features["a"] > features["a"].median()).to_numpy().astype(int)


class ProbabilitiesOnly(Centred):
    def predict(self, features: Any) -> Any:
        return np.ones(len(features), int)


class NoProbabilities(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    fit = ByHand.fit

    def predict(self, features: Any) -> Any:
        return (features["a"] - features["a"].mean()).to_numpy() * 1e6


class Stumbling(ByHand):
    """Does not take a single row, as pd.cut on quantiles does not."""

    def share(self, features: Any) -> Any:
        if len(features) < 2:
            raise ValueError("needs two rows")
        return super().share(features)


class Rounding(ByHand):
    """Differs in the last bits with the number of rows, as a matrix product may."""

    def share(self, features: Any) -> Any:
        return super().share(features) * (1 + 1e-15 * len(features))


def scaled_at_once(features: Any) -> Any:
    return StandardScaler().fit_transform(features)


def ranked_columns(features: Any) -> Any:
    return pd.DataFrame(features).rank(pct=True)


def doubled(features: Any) -> Any:
    return features * 2


def through(function: Any) -> Any:
    """Hide a function in a ColumnTransformer before a plain regression."""
    columns = ColumnTransformer(
        [
            ("b", "passthrough", ["b"]),
            ("a", make_pipeline(FunctionTransformer(function, validate=True)), ["a"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression())


DEPENDENT: dict[str, Any] = {
    kind.__name__: kind()
    for kind in (
        *(Centred, Ranked, Counting, Clustered, BySize, FirstRow, LastRow, Lagging, NullsOnly),
        *(LargeOnly, Random, LabelsOnly, ProbabilitiesOnly, NoProbabilities),
    )
} | {"scaled in transform": through(scaled_at_once), "ranked": through(ranked_columns)}
ON_THEIR_OWN: dict[str, Any] = {
    "plain": ByHand(),
    "not alone": Stumbling(),
    "last bits": Rounding(),
    "a function": through(doubled),
}
