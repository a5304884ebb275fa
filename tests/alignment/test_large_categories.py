"""Categories that are integers beyond 2^53 stay apart, whatever options say of nulls."""

from __future__ import annotations

import hashlib
from pathlib import Path

import joblib
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.tree import DecisionTreeClassifier

import titanic_batch

LARGE = [2**53 + 2 * n for n in range(4)]


@pytest.mark.parametrize("source", ["in.csv", "in.parquet"])
@pytest.mark.parametrize("allow_null", [[], ["code"]], ids=["", "allow-null"])
@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(handle_unknown="ignore"),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        TargetEncoder(cv=2),
    ],
    ids=lambda encoder: type(encoder).__name__,
)
def test_each_is_scored_as_itself(
    encoder: object, allow_null: list[str], source: str, empty_home: Path, tmp_path: Path
) -> None:
    train = pd.DataFrame({"code": LARGE * 10 + [LARGE[0] - 1] * 10, "n": range(50)})
    answers = [n % 2 for n in range(40)] + [1] * 10
    model = make_pipeline(
        make_column_transformer((encoder, ["code"]), remainder="drop"),
        DecisionTreeClassifier(random_state=0),
    ).fit(train, answers)
    path = tmp_path / "model.pkl"
    joblib.dump(model, path)
    rows = pd.DataFrame({"code": LARGE, "n": 0})
    if source == "in.csv":
        rows.to_csv(tmp_path / source, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), tmp_path / source)
    titanic_batch.score(
        tmp_path / source,
        tmp_path / "out.parquet",
        model=path,
        trust=[hashlib.sha256(path.read_bytes()).hexdigest()],
        allow_null=allow_null,
        workers=1,
    )
    found = pq.read_table(tmp_path / "out.parquet").column("probability").to_pylist()
    assert found == model.predict_proba(rows)[:, 1].tolist()
