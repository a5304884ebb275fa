"""Records on which a model raises, or which it looks at together, get a verdict of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from tests.scoring.row_models import ByHand, Centred
from titanic_batch.models import open_model
from titanic_batch.models.model_file import sha256_of
from titanic_batch.serving.outcomes import Refusal, Scored
from titanic_batch.serving.scorer import Scorer, open_scorer

FRAME = pd.DataFrame({"a": np.linspace(-2, 2, 40), "b": 0.0})


class Raising(ByHand):
    def share(self, features: Any) -> Any:
        if (features["a"] > 1.5).any():
            raise ValueError("too large")
        return super().share(features)


def scorer(folder: Path, model: Any) -> Scorer:
    path = folder / "model.pkl"
    joblib.dump(model.fit(FRAME), path)
    return open_scorer(open_model(str(path), trust=(sha256_of(path.read_bytes()),)))


def test_records_on_which_the_model_raises_are_refused_and_the_others_are_scored(
    tmp_path: Path, empty_home: Path
) -> None:
    verdicts = scorer(tmp_path, Raising()).score(FRAME.to_dict("records"))
    for value, verdict in zip(FRAME["a"], verdicts, strict=True):
        if value > 1.5:
            assert isinstance(verdict, Refusal)
            assert verdict.reason == "model-error"
            assert verdict.message == "model-error: ValueError: too large"
        else:
            assert isinstance(verdict, Scored)


class Leaning(ByHand):
    """Says of a record alone what its own value makes, and of records together something else."""

    def share(self, features: Any) -> Any:
        return super().share(features) * (1.0 if len(features) == 1 else 0.5)


def test_each_record_that_is_scored_alone_gets_the_answer_to_its_own_values(
    tmp_path: Path, empty_home: Path
) -> None:
    found = scorer(tmp_path, Leaning()).score(FRAME.to_dict("records"))
    for value, verdict in zip(FRAME["a"], found, strict=True):
        assert isinstance(verdict, Scored)
        assert verdict.probabilities["probability"] == pytest.approx(1 / (1 + np.exp(-value)))


def test_records_of_other_columns_are_not_shown_to_a_model_that_looks_at_the_others(
    tmp_path: Path, empty_home: Path
) -> None:
    records = [{"a": 1.0, "b": 0.0}, {"a": -1.0, "b": 0.0, "more": 1}]
    found = scorer(tmp_path, Centred()).score(records)
    for verdict in found:
        assert isinstance(verdict, Scored)
        assert verdict.probabilities == {"probability": 0.5}


@pytest.mark.parametrize("sizes", [(40,), (3, 40), (1, 1, 40)])
def test_each_record_is_scored_alone_by_a_model_that_looks_at_the_others(
    sizes: tuple[int, ...], tmp_path: Path, empty_home: Path
) -> None:
    found = scorer(tmp_path, Centred())
    for size in sizes:
        for verdict in found.score(FRAME.head(size).to_dict("records")):
            assert isinstance(verdict, Scored)
            assert verdict.probabilities == {"probability": 0.5}  # each is its own mean
