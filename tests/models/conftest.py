"""Each test gets an empty home, store and configuration of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from titanic_batch.models.loaders.base import registered_schemes
from titanic_batch.schema import ColumnSchema, TrainingSchema


@pytest.fixture(autouse=True)
def home(empty_home: Path) -> Iterator[Path]:
    registered_schemes.cache_clear()
    yield empty_home
    registered_schemes.cache_clear()


@pytest.fixture
def ledger_file(home: Path) -> Path:
    return home / "config" / "titanic-batch" / "trusted.json"


@pytest.fixture(scope="session")
def passengers() -> pd.DataFrame:
    generator = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "Sex": generator.choice(["female", "male"], 60),
            "Age": generator.uniform(1, 80, 60).round(1),
            "Pclass": generator.integers(1, 4, 60),
        }
    )


@pytest.fixture(scope="session")
def fitted(passengers: pd.DataFrame) -> Any:
    """Return a pipeline with a forest in it that asks for all processors."""
    encode = ColumnTransformer(
        [("sex", OneHotEncoder(), ["Sex"])], remainder="passthrough", n_jobs=2
    )
    forest = RandomForestClassifier(n_estimators=4, max_depth=3, random_state=0, n_jobs=-1)
    survived = (passengers["Sex"] == "female").astype(int)
    return Pipeline([("encode", encode), ("forest", forest)]).fit(passengers, survived)


@pytest.fixture
def schema() -> TrainingSchema:
    return TrainingSchema(
        columns=(
            ColumnSchema(name="Sex", kind="category", dtype="str", categories=("female", "male")),
            ColumnSchema(name="Age", kind="number", dtype="float64", minimum=1.0, maximum=80.0),
            ColumnSchema(name="Pclass", kind="integer", dtype="int64"),
        ),
        target="Survived",
        classes=(0, 1),
        metrics={"accuracy": 0.81},
    )
