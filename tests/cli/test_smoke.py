"""The samples, scored through the installed command, beside scikit-learn called directly."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import titanic_batch
from tests.cli.command import PASSENGERS, SAMPLE_DATA, Command, manifest
from tests.cli.direct import assert_same, cells, directly, scores_in

MODEL_COLUMNS = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]
UNUSED_COLUMNS = ["PassengerId", "Name", "Ticket", "Cabin"]
MANIFEST_KEYS = {
    *("manifest_version", "run_id", "status", "started_at", "finished_at", "seconds"),
    *("rows_per_second", "tool", "libraries", "options", "model", "input", "output", "rows"),
    *("rejects", "alignment", "unknown_categories", "nulls", "null_tokens", "warnings"),
    *("empty_lines", "trimmed", "partition", "parts", "profile", "predictor", "rows_recalled"),
    "job",
}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def home(trained_home: Path) -> Path:
    return trained_home


@pytest.fixture
def commands(installed: Command, command: Command) -> tuple[Command, Command]:
    return installed, command


@pytest.mark.parametrize("target", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("source", ["passengers.csv", "passengers.parquet"])
def test_every_score_is_what_scikit_learn_says_directly(
    source: str, target: str, commands: tuple[Command, Command], model_file: Path
) -> None:
    installed, command = commands
    score = installed if (source, target) == ("passengers.csv", "out.parquet") else command
    tmp_path = score.folder
    given, output = SAMPLE_DATA / source, tmp_path / target
    done = score("score", given, target)
    assert done.out.startswith(f"published {output}")
    assert done.said == ""
    assert_same(directly(model_file, given), scores_in(output))
    _assert_kept(source, output)
    _assert_true(manifest(output), given, output, model_file)
    assert {path.name for path in tmp_path.iterdir()} == {target, f"{target}.manifest.json"}

    verified = score("verify", target)
    assert verified.out == f"{output}: 418 rows, matches its manifest\n"


def _assert_kept(source: str, output: Path) -> None:
    """Hold every kept cell, in rows and columns, against the input's."""
    header, *records = cells(PASSENGERS)
    if output.suffix == ".csv":
        found_header, *found = cells(output)
        assert [*header, "prediction", "probability"] == found_header
        kept = [record[: len(header)] for record in found]
        if source.endswith(".csv"):
            assert records == kept
            return
        # Parquet holds numbers, which have no text of their own: 0 is written 0.0 or 0.
        numbers = [header.index(name) for name in ("Age", "Fare")]
        for expected, record in zip(records, kept, strict=True):
            for place in numbers:
                assert (expected[place] == "") == (record[place] == "")
                assert float(expected[place] or 0) == float(record[place] or 0)
                record[place] = expected[place]
        assert records == kept
        return
    table = pq.read_table(output)
    assert [*header, "prediction", "probability"] == table.column_names
    given = pq.read_table(SAMPLE_DATA / "passengers.parquet")
    if source.endswith(".parquet"):
        assert given.equals(table.select(header))
        return
    assert given.select(MODEL_COLUMNS).equals(table.select(MODEL_COLUMNS))
    for name in UNUSED_COLUMNS:
        place = header.index(name)
        assert table.schema.field(name).type == pa.string()
        assert [record[place] or None for record in records] == [
            cell or None for cell in table[name].to_pylist()
        ]


def _assert_true(document: dict[str, Any], given: Path, output: Path, model_file: Path) -> None:
    assert set(document) == MANIFEST_KEYS
    assert document["manifest_version"] == 1
    assert document["status"] == "published"
    assert document["tool"] == {"name": "titanic-batch", "version": titanic_batch.__version__}
    assert {"python", "scikit-learn", "pandas", "pyarrow"} <= set(document["libraries"])
    assert document["started_at"] <= document["finished_at"]
    assert document["seconds"] >= 0
    tag = f"titanic_model:{model_file.parent.name}"
    model = document["model"]
    assert (model["ref"], model["tag"]) == ("titanic_model:latest", tag)
    assert model["sha256"] == sha256(model_file)
    assert len(model["schema_sha256"]) == 64
    for entry, path in ((document["input"], given), (document["output"], output)):
        assert entry == {
            "path": str(path),
            "format": path.suffix[1:],
            "bytes": path.stat().st_size,
            "sha256": sha256(path),
        }
    assert document["rows"] == {"read": 418, "scored": 418, "rejected": 0}
    assert document["rejects"]["path"] is None
    assert document["rejects"]["by_reason"] == {}
    alignment = [
        (entry["column"], entry["from"], entry["action"]) for entry in document["alignment"]
    ]
    assert alignment == [
        *((name, name, "as-is") for name in MODEL_COLUMNS),
        *((None, name, "dropped") for name in UNUSED_COLUMNS),
    ]
    place = {name: index for index, name in enumerate(cells(PASSENGERS)[0])}
    empty = {
        name: sum(record[place[name]] == "" for record in cells(PASSENGERS)[1:])
        for name in MODEL_COLUMNS
    }
    assert document["nulls"] == {name: count for name, count in empty.items() if count}
    assert document["unknown_categories"] == {}
    assert document["options"]["max_rejects"] == "0"
    if output.suffix == ".parquet":
        metadata = pq.read_metadata(output).metadata
        assert metadata[b"titanic_batch.model"].decode() == tag
        assert metadata[b"titanic_batch.model_sha256"].decode() == sha256(model_file)
        assert metadata[b"titanic_batch.tool"].decode() == (
            f"titanic-batch {titanic_batch.__version__}"
        )
        # Run id and times would make every run's bytes different.
        assert not any(document["run_id"].encode() in value for value in metadata.values())
