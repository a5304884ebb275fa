"""The scikit-learn classes of XGBoost and LightGBM, saved by nothing but joblib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import pytest
import xgboost
from sklearn.pipeline import make_pipeline

from tests.estimators.passengers import (
    RAW,
    assert_same_as_direct,
    dump,
    encoder,
    passengers,
    quietly_fit,
    score,
    train,
)

BOOSTERS = {
    "XGBClassifier": (xgboost.XGBClassifier(n_estimators=10, n_jobs=2), "Survived"),
    "XGBClassifier, three classes": (xgboost.XGBClassifier(n_estimators=5), "Pclass"),
    "XGBRegressor": (xgboost.XGBRegressor(n_estimators=10), "Fare"),
    "LGBMClassifier": (lightgbm.LGBMClassifier(n_estimators=10, verbose=-1), "Survived"),
    "LGBMClassifier, words": (lightgbm.LGBMClassifier(n_estimators=5, verbose=-1), "Embarked"),
    "LGBMRegressor": (lightgbm.LGBMRegressor(n_estimators=10, verbose=-1), "Fare"),
}


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_booster_scores_as_when_asked_directly(name: str, tmp_path: Path) -> None:
    booster, target = BOOSTERS[name]
    columns = [column for column in RAW if column != target]
    labels: Any = train()[target]
    if target == "Pclass":
        labels = labels - 1  # XGBoost counts classes from 0
    model = quietly_fit(make_pipeline(encoder(columns), booster), train()[columns], labels)
    _, scored = score(tmp_path, **dump(model, tmp_path / "best_model.pkl"))
    assert_same_as_direct(model, passengers()[columns], scored)
