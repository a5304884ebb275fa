"""The manifest, which all may read, quotes no cell of a rejected record, whose file is private."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import titanic_batch

HEADER = ["id", "port", "deck", "age"]
#: Rows that are rejected hold SECRET somewhere; rows that are scored do not.
ROWS = [
    ["1", "S", "A", "20"],
    ["2", "new", "A", "21"],
    ["3", "new", "B", "22"],
    ["4", "newer", "B", "23"],
    ["5", "SECRET1", "A", "SECRET2"],  # what port allows, in a row that age rejects
    ["6", "new", "SECRET3", "24"],  # deck does not allow it
    ["7", "SECRET4", "A", ""],
    ["8", "SECRET5", "SECRET6", "25"],
    ["9", "S", "B", "26"],
]
GOOD = [row for row in ROWS if not any("SECRET" in cell for cell in row)]
Score = Callable[..., Any]


@pytest.fixture
def score(tmp_path: Path) -> Score:
    frame = pd.DataFrame(
        {"port": ["S", "C"] * 10, "deck": ["A", "B", "B", "A"] * 5, "age": range(20)}
    )
    words = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["port", "deck"]), remainder="passthrough"
    )
    model = tmp_path / "model.pkl"
    joblib.dump(make_pipeline(words, LogisticRegression()).fit(frame, frame["age"] % 2), model)

    def run(source: Path, output: Path | str, **more: Any) -> Any:
        keywords: dict[str, Any] = {
            "model": str(model),
            "trust": hashlib.sha256(model.read_bytes()).hexdigest(),
            "unknown": {"port": "allow"},
            "max_rejects": "90%",
            "workers": 1,
            **more,
        }
        return titanic_batch.score_files(source, output, **keywords)

    return run


def write_csv(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])


def holds_no_secret(outcomes: Any, expected: dict[str, dict[str, int]]) -> None:
    for outcome in outcomes:
        assert outcome.error is None
        path = Path(outcome.pair.output.manifest)
        assert b"SECRET" not in path.read_bytes()
        assert json.loads(path.read_bytes())["unknown_categories"] == expected
        assert b"SECRET" in Path(outcome.pair.output.rejects).read_bytes()
        assert "SECRET" not in json.dumps(outcome.manifest.to_json())


EXPECTED = {"port": dict(Counter(row[1] for row in GOOD if row[1] not in "SC"))}


@pytest.mark.parametrize("chunk_size", [64, 1 << 20])
def test_of_a_csv(score: Score, tmp_path: Path, chunk_size: int) -> None:
    write_csv(tmp_path / "in.csv", [*ROWS, ["10", "SECRET7"], ["11", "S", "A", "SECRET8"]])
    outcomes = score(tmp_path / "in.csv", tmp_path / "out.csv", chunk_size=chunk_size)
    holds_no_secret(outcomes, EXPECTED)
    assert outcomes[0].manifest.rejects.by_reason == {
        "missing-value": 1,
        "not-a-number": 2,
        "unknown-category": 2,
        "wrong-width": 1,
    }


def test_of_a_parquet_file(score: Score, tmp_path: Path) -> None:
    columns: dict[str, Any] = dict(zip(HEADER, map(list, zip(*ROWS, strict=True)), strict=True))
    columns["age"] = [int(cell) if cell.isdigit() else None for cell in columns["age"]]
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    holds_no_secret(score(tmp_path / "in.parquet", tmp_path / "out.parquet"), EXPECTED)


def test_of_small_files_that_are_scored_together(score: Score, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        write_csv(tmp_path / "in" / f"{number}.csv", ROWS)
    holds_no_secret(score(tmp_path / "in", f"{tmp_path}/out/"), EXPECTED)


def test_a_long_text_that_was_let_through_is_quoted_by_its_beginning(
    score: Score, tmp_path: Path
) -> None:
    texts = ["x" * 5_000, "x" * 5_001, "y"]
    write_csv(tmp_path / "in.csv", [[str(n), text, "A", "20"] for n, text in enumerate(texts)])
    (outcome,) = score(tmp_path / "in.csv", tmp_path / "out.csv")
    assert outcome.manifest.unknown_categories == {"port": {"x" * 200 + "...": 2, "y": 1}}
