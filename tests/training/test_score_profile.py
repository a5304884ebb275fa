"""The schema keeps how the model scored its training data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from titanic_batch.training.score_profile import profile_of_scores, profile_of_training

FRAME = pd.DataFrame({"a": np.arange(100.0), "b": np.arange(100.0) % 7})


def test_of_two_classes_is_in_tenths_of_the_probability() -> None:
    target = FRAME["b"] > 3
    fitted = LogisticRegression().fit(FRAME, target)
    profile = profile_of_training(fitted, FRAME, named=True)
    assert profile is not None
    expected, _ = np.histogram(fitted.predict_proba(FRAME)[:, 1], np.linspace(0, 1, 11))
    assert profile.shares == pytest.approx(expected / 100)


@pytest.mark.parametrize("labels", [["x", "y", "z"], [3, 1, 2]])
def test_of_several_classes_is_their_shares(labels: list[Any]) -> None:
    target = FRAME["b"].map(lambda value: labels[int(value) % 3])
    fitted = DecisionTreeClassifier().fit(FRAME, target)
    profile = profile_of_training(fitted, FRAME, named=True)
    assert profile is not None
    shares = target.value_counts(normalize=True).sort_index()
    assert profile.shares == pytest.approx(shares.tolist())
    assert profile.edges is None


def test_of_a_regressor_is_in_deciles_of_its_predictions() -> None:
    fitted = LinearRegression().fit(FRAME.to_numpy(), FRAME["a"])
    profile = profile_of_training(fitted, FRAME, named=False)
    assert profile is not None
    assert profile.edges is not None
    assert profile.edges == pytest.approx(np.quantile(FRAME["a"], np.arange(1, 10) / 10))
    assert profile.shares == pytest.approx([0.1] * 10)


def test_is_none_where_the_model_does_not_take_the_data_as_it_is() -> None:
    fitted = LogisticRegression().fit(FRAME, FRAME["b"] > 3)
    assert profile_of_training(fitted, FRAME.astype(str).replace("0.0", "none"), named=True) is None
    assert profile_of_scores(np.array([1.0, np.nan]), None) is None
    assert profile_of_scores(np.array([]), None) is None
