"""Encoders of other libraries, saved with their training file, score as when asked directly."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import category_encoders
import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from feature_engine.encoding import OrdinalEncoder as RankEncoder
from feature_engine.encoding import RareLabelEncoder
from feature_engine.imputation import CategoricalImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

import titanic_batch
from titanic_batch.models.sidecar import write_sidecar
from titanic_batch.training.learn_schema import learn_schema

# category_encoders still sets an option of pandas that is going away.
pytestmark = pytest.mark.filterwarnings("ignore:.*no_silent_downcasting")

RANDOM = np.random.default_rng(17)
ROWS = 240
#: As the file writes them, nulls among them.
WRITTEN = pd.DataFrame(
    {
        "member": RANDOM.choice(["True", "False", ""], ROWS),
        "deck": RANDOM.choice(["A", "B", "C", "NA"], ROWS),
        "cls": RANDOM.choice(["1", "2", "3"], ROWS),
        "part": RANDOM.choice(["1", "2", ""], ROWS),
    }
)
RIGHT = (WRITTEN["member"] == "True") ^ (WRITTEN["deck"] == "NA") ^ (WRITTEN["cls"] == "1")
LABELS = (RIGHT ^ (RANDOM.random(ROWS) < 0.1)).astype(int)


def as_texts(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), "null").astype(str)


STEPS: dict[str, tuple[list[str], Any]] = {
    "target": (["member", "deck", "cls"], category_encoders.TargetEncoder(cols=["member", "deck"])),
    "ordinal": (["member", "deck", "cls"], category_encoders.OrdinalEncoder(cols=["deck", "cls"])),
    "one-hot": (["member", "part"], category_encoders.OneHotEncoder(cols=["member", "part"])),
    "count": (["deck", "cls"], category_encoders.CountEncoder(cols=["deck", "cls"])),
    "binary": (["deck", "part"], category_encoders.BinaryEncoder(cols=["deck", "part"])),
    "texts": (
        ["member", "deck", "cls", "part"],
        make_pipeline(FunctionTransformer(as_texts), category_encoders.OrdinalEncoder()),
    ),
    "feature-engine": (
        ["deck"],
        make_pipeline(
            CategoricalImputer(), RareLabelEncoder(n_categories=2), RankEncoder("arbitrary")
        ),
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_foreign_encoder_sees_what_it_was_trained_on(name: str, tmp_path: Path) -> None:
    columns, step = STEPS[name]
    WRITTEN[columns].assign(y=LABELS).to_csv(tmp_path / "train.csv", index=False)
    train = pd.read_csv(tmp_path / "train.csv")
    model = make_pipeline(step, DecisionTreeClassifier(max_depth=4, random_state=0))
    model.fit(train[columns], train["y"])
    joblib.dump(model, tmp_path / "m.pkl")
    sha256 = hashlib.sha256((tmp_path / "m.pkl").read_bytes()).hexdigest()
    write_sidecar(tmp_path / "m.pkl", sha256, learn_schema(model, tmp_path / "train.csv", "y"))
    expected = model.predict_proba(train[columns])[:, 1]
    WRITTEN.to_csv(tmp_path / "in.csv", index=False)
    train[columns].to_parquet(tmp_path / "in.parquet")
    for file, allowed in (("in.csv", ()), ("in.csv", tuple(columns)), ("in.parquet", ())):
        titanic_batch.score(
            tmp_path / file, tmp_path / "out.parquet", model=str(tmp_path / "m.pkl"),
            trust=sha256, allow_null=allowed, chunk_size=2000, workers=1, overwrite=True,
        )  # fmt: skip
        found = pq.read_table(tmp_path / "out.parquet")["probability"].to_numpy()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
