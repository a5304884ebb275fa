"""The passenger lists as pandas reads them, and how a saved model's file is scored and compared."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder
from threadpoolctl import threadpool_limits

import titanic_batch
from titanic_batch.publish.manifest import Manifest

SAMPLE = Path(__file__).parents[2] / "sample_data"
TRAIN_CSV, PASSENGERS_CSV = SAMPLE / "train.csv", SAMPLE / "passengers.csv"
RAW = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]


@cache
def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def train() -> pd.DataFrame:
    """Return the training list without the few rows that lack a port or a fare."""
    return _read(TRAIN_CSV).dropna(subset=["Embarked", "Fare"]).reset_index(drop=True)


def passengers() -> pd.DataFrame:
    return _read(PASSENGERS_CSV).copy()


def encoder(columns: list[str]) -> ColumnTransformer:
    """Return what turns raw columns into numbers from 0 to 1, nulls imputed."""
    encoded = [name for name in ("Sex", "Embarked", "Pclass") if name in columns]
    numbers = [name for name in columns if name not in encoded]
    scaled = make_pipeline(SimpleImputer(strategy="median"), MinMaxScaler(clip=True))
    return ColumnTransformer(
        [("encoded", OneHotEncoder(), encoded), ("numbers", scaled, numbers)], sparse_threshold=0
    )


def quietly_fit(estimator: Any, features: Any, target: Any) -> Any:
    """Fit; a notebook's author has seen and ignored what scikit-learn warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(features, target)


def dump(estimator: Any, path: Path) -> dict[str, Any]:
    """Save by nothing but joblib or pickle; return the options that score with it."""
    if path.suffix == ".pickle":
        path.write_bytes(pickle.dumps(estimator))
    else:
        joblib.dump(estimator, path)
    return {"model": str(path), "trust": hashlib.sha256(path.read_bytes()).hexdigest()}


def score(folder: Path, **options: Any) -> tuple[Manifest, pd.DataFrame]:
    """Score the passengers through the library; return the manifest and what was published."""
    output = folder / "scored.parquet"
    manifest = titanic_batch.score(PASSENGERS_CSV, output, workers=1, **options)
    return manifest, pq.read_table(output).to_pandas()


def assert_same_as_direct(estimator: Any, features: Any, scored: pd.DataFrame) -> None:
    """Compare every prediction and probability with those of scikit-learn called directly."""
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore")
        labels = np.asarray(estimator.predict(features)).reshape(-1)
        given = hasattr(estimator, "predict_proba")
        probabilities = estimator.predict_proba(features) if given else None
    assert len(scored) == len(labels) == 418
    is_classifier = hasattr(estimator, "classes_")
    classes = list(estimator.classes_) if is_classifier else []
    if not is_classifier:
        np.testing.assert_allclose(scored["prediction"], labels, rtol=1e-12, atol=1e-12)
    else:
        assert scored["prediction"].tolist() == labels.tolist()
    added = [name for name in scored if str(name).startswith("probability")]
    if probabilities is None:
        assert added == []
    elif len(classes) == 2:
        assert added == ["probability"]
        np.testing.assert_allclose(scored["probability"], probabilities[:, 1], rtol=0, atol=1e-12)
    else:
        assert added == [f"probability_{label}" for label in classes]
        np.testing.assert_allclose(scored[added], probabilities, rtol=0, atol=1e-12)
