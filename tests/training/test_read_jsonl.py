"""Training data in JSON Lines teach what the same in CSV teach."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.schema.passengers import TRAIN_CSV, fit
from tests.training.test_learn import usual
from titanic_batch.errors import DataError
from titanic_batch.training.learn_schema import learn_schema
from titanic_batch.training.read_training import read_training_file


def test_lines_teach_what_csv_teaches(tmp_path: Path) -> None:
    frame = pd.read_csv(TRAIN_CSV)
    path = tmp_path / "train.jsonl"
    frame.to_json(path, orient="records", lines=True)
    model = fit(usual())
    of_lines, of_csv = (learn_schema(model, one, "Survived") for one in (path, TRAIN_CSV))
    # What was null in a text of CSV has a spelling there.
    plain = [replace(column, null_tokens=()) for column in of_csv.columns]
    assert list(of_lines.columns) == plain


def test_values_of_several_types_stay_what_they_are(tmp_path: Path) -> None:
    records = [{"a": 1, "m": "1"}, {"m": 2.5, "n": [1]}, {"a": 3}]
    path = tmp_path / "train.ndjson"
    path.write_text("\n".join(map(json.dumps, records)))
    frame = read_training_file(path).frame
    assert frame["a"].tolist()[::2] == [1, 3]
    assert frame["m"].tolist() == ["1", 2.5, None]
    path.write_text('{"a": 1}\n{"a": 1, "a": 2}\n')
    with pytest.raises(DataError, match="no record: wrong-width") as caught:
        read_training_file(path)
    assert caught.value.where.endswith("train.ndjson, line 2, column a")
