"""The passenger list as pandas reads it, and small estimators fitted on it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from titanic_batch.schema import ColumnSchema, TrainingSchema
from titanic_batch.schema.derive import derive_schema

TRAIN_CSV = Path(__file__).parents[2] / "sample_data" / "train.csv"

NUMBERS = ["Pclass", "Age", "SibSp", "Parch", "Fare"]
RAW = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]


@cache
def _train() -> pd.DataFrame:
    return pd.read_csv(TRAIN_CSV, keep_default_na=False, na_values=[""])


def passengers() -> pd.DataFrame:
    """Return a fresh copy of the training list."""
    return _train().copy()


def survived() -> pd.Series[Any]:
    return passengers()["Survived"]


def fit(*steps: Any, columns: list[str] = RAW, frame: pd.DataFrame | None = None) -> Pipeline:
    """Return a pipeline of `steps` and a logistic regression, fitted on `columns`."""
    table = passengers() if frame is None else frame
    fitted: Pipeline = make_pipeline(*steps, LogisticRegression(tol=1.0)).fit(
        table[columns], survived()
    )
    return fitted


def derived(*steps: Any, columns: list[str] = RAW) -> TrainingSchema:
    return derive_schema(fit(*steps, columns=columns))


def null_columns(schema: TrainingSchema) -> set[str]:
    return {column.name for column in schema.columns if column.accepts_null}


def sex(schema: TrainingSchema) -> ColumnSchema:
    return schema.column("Sex")


def filled() -> pd.DataFrame:
    """Return the list as many a notebook fills it, before the model sees it."""
    table = passengers()
    table["Age"] = table["Age"].fillna(28.0)
    table["Fare"] = table["Fare"].fillna(14.45)
    return table


def dummies(*, drop_first: bool = False) -> pd.DataFrame:
    """Return the list one-hot encoded by pandas."""
    table = filled()[["Pclass", "Age", "SibSp", "Parch", "Fare", "Sex", "Embarked"]]
    return pd.get_dummies(table, drop_first=drop_first)
