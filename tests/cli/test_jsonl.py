"""JSON Lines in and out: the same scores as from CSV, whatever a line holds."""

from __future__ import annotations

import csv
import gzip
import json
import pickle
import shutil
import subprocess
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.command import PASSENGERS, CommandInProcess, manifest
from tests.cli.direct import Scores, assert_same, directly, scores_in
from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.chunk.task import FileContext
from titanic_batch.serving.client_rows import records_of
from titanic_batch.sources.jsonl_parser import JsonlParser
from titanic_batch.sources.opening import open_source

PASSENGER = {
    "Pclass": 3, "Name": "A", "Sex": "male", "Age": 22.0, "SibSp": 1, "Parch": 0, "Fare": 7.25,
    "Embarked": "S",
}  # fmt: skip


def passengers() -> list[dict[str, Any]]:
    """Return the passenger list as JSON objects: a null is a key that is not there."""
    records = pd.read_csv(PASSENGERS).to_dict("records")
    return [
        {str(key): value for key, value in one.items() if not pd.isna(value)} for one in records
    ]


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


def loaded(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.split(b"\n")[:-1]]


def rejects(output: Path) -> list[dict[str, str]]:
    with output.with_name(output.name + ".rejects.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "in.jsonl", passengers())


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.jsonl", "out.ndjson.gz"])
def test_scores_are_scikit_learns(
    in_process: CommandInProcess, source: Path, model_file: Path, tmp_path: Path, name: str
) -> None:
    output = tmp_path / name
    in_process("score", source, output, "-q")
    expected = directly(model_file, PASSENGERS)
    if ".csv" in name or ".parquet" in name:
        found = scores_in(output)
    else:
        rows = loaded(output)
        found = Scores(
            labels=np.array([row["prediction"] for row in rows]),
            probabilities=np.array([row["probability"] for row in rows]),
        )
    assert_same(expected, found)
    facts = manifest(output)
    assert facts["input"]["format"] == "jsonl"
    assert facts["nulls"] == {"Age": 88}
    in_process("verify", output, "--recompute")


def test_cuts_and_packing_change_nothing(
    in_process: CommandInProcess, source: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "in.ndjson.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    plain, unpacked, cut = (tmp_path / f"{number}.jsonl" for number in range(3))
    in_process("score", source, plain, "-q")
    in_process("score", packed, unpacked, "-q")
    in_process("score", source, cut, "-q", "--chunk-size", "20KB")
    assert plain.read_bytes() == unpacked.read_bytes()
    for row, other in zip(loaded(plain), loaded(cut), strict=True):
        assert list(row) == list(other)
        assert row.pop("probability") == pytest.approx(other.pop("probability"), abs=1e-12)
        assert row == other


def test_columns_are_the_keys_of_all_lines_and_the_models_have_its_types(
    in_process: CommandInProcess, tmp_path: Path
) -> None:
    records: list[dict[str, Any]] = [
        PASSENGER,
        {**PASSENGER, "Age": 30, "tags": ["a", {"b": 1.5}], "id": 7, "note": None},
        {**PASSENGER, "Pclass": "3", "Age": "22", "id": "A7", "when": "2026-11-25"},
        {**PASSENGER, "Age": "old"},  # one that is rejected makes no other column of it
    ]
    path, output = write(tmp_path / "in.jsonl", records), tmp_path / "out.parquet"
    in_process("score", path, output, "-q", "--max-rejects", "1")
    table = pq.read_table(output)
    kinds = {field.name: field.type for field in table.schema}
    assert list(kinds) == [*PASSENGER, "tags", "id", "note", "when", "prediction", "probability"]
    assert kinds["Pclass"] == kinds["SibSp"] == pa.int64()
    assert kinds["Age"] == kinds["Fare"] == pa.float64()
    assert {kinds[name] for name in ("Name", "Sex", "tags", "id", "when")} == {pa.string()}
    assert kinds["note"] == pa.null()
    assert table["Age"].to_pylist() == [22.0, 30.0, 22.0]
    assert table["tags"].to_pylist() == [None, '["a",{"b":1.5}]', None]
    assert table["id"].to_pylist() == [None, "7", '"A7"']
    (reject,) = rejects(output)
    assert (reject["row"], reject["line"], reject["reason"]) == ("4", "4", "not-a-number")
    assert json.loads(reject["record"]) == records[3]
    fed = {entry["from"] for entry in manifest(output)["alignment"] if entry["action"] == "dropped"}
    assert fed == {"Name", "tags", "id", "note", "when"}

    # As JSON Lines every value stays what it was.
    again = tmp_path / "again.jsonl"
    in_process("score", path, again, "-q", "--max-rejects", "1")
    for row, record in zip(loaded(again), records, strict=False):
        del row["prediction"], row["probability"]
        assert {key: value for key, value in row.items() if value is not None} == {
            key: value for key, value in record.items() if value is not None
        }

    # CSV has no types, and no place for lists.
    refused = in_process("score", path, tmp_path / "out.csv", "--max-rejects", "1", code=2)
    assert "column tags is objects or lists, which CSV cannot hold" in refused.error
    assert "--keep Pclass,Name," in refused.error
    flags = ("--max-rejects", "1", "--keep", "id,Age", "-q")
    in_process("score", path, tmp_path / "out.csv", *flags)
    assert [row.split(",")[:2] for row in (tmp_path / "out.csv").read_text().splitlines()] == [
        ["Age", "id"], ["22", ""], ["30", "7"], ["22", "A7"],
    ]  # fmt: skip


def test_a_column_that_is_mapped_stays_text_whatever_is_rejected(
    in_process: CommandInProcess, tmp_path: Path
) -> None:
    records = [{**PASSENGER, "Sex": "m"}, {**PASSENGER, "Sex": 1}]
    path, output = write(tmp_path / "in.jsonl", records), tmp_path / "out.parquet"
    flags = ("--map", "Sex:m=male,f=female", "--max-rejects", "1", "-q")
    in_process("score", path, output, *flags)
    assert pq.read_table(output)["Sex"].to_pylist() == ["m"]
    assert manifest(output)["rejects"]["by_reason"] == {"unknown-category": 1}


def test_a_cell_is_read_as_a_typed_one(
    in_process: CommandInProcess, model_file: Path, tmp_path: Path
) -> None:
    good = {"Pclass": 3.0, "Age": 22, "Fare": "7.25"}
    bad: dict[str, tuple[Any, str]] = {
        "Pclass": (3.5, "unknown-category"),
        "Sex": (["male"], "unknown-category"),
        "Age": ({"years": 22}, "not-a-number"),
        "SibSp": (1.5, "not-an-integer"),
        "Parch": (2**70, "not-an-integer"),
        "Fare": ("cheap", "not-a-number"),
        "Embarked": (" S", "unknown-category"),
    }
    records = [{**PASSENGER, **good}]
    records += [{**PASSENGER, name: value} for name, (value, _) in bad.items()]
    records.append({key: value for key, value in PASSENGER.items() if key != "Sex"})
    path, output = write(tmp_path / "in.jsonl", records), tmp_path / "out.parquet"
    in_process("score", path, output, "-q", "--max-rejects", "20")
    found = {one["column"]: one["reason"] for one in rejects(output)[:-1]}
    assert found == {name: reason for name, (_, reason) in bad.items()}
    assert rejects(output)[-1]["reason"] == "missing-value"
    model = joblib.load(model_file)
    frame = pd.DataFrame([PASSENGER])[list(model.feature_names_in_)]
    assert pq.read_table(output)["probability"].to_pylist() == pytest.approx(
        model.predict_proba(frame)[:, 1].tolist(), abs=1e-12
    )


def test_true_among_numbers_is_none(in_process: CommandInProcess, tmp_path: Path) -> None:
    slips = ("Pclass", "Age", "SibSp")
    records = [PASSENGER, *({**PASSENGER, name: True} for name in slips)]
    path, output = write(tmp_path / "in.jsonl", records), tmp_path / "out.parquet"
    in_process("score", path, output, "-q", "--max-rejects", "3")
    assert [(one["column"], one["reason"]) for one in rejects(output)] == [
        ("Pclass", "unknown-category"), ("Age", "not-a-number"), ("SibSp", "not-an-integer"),
    ]  # fmt: skip


def test_a_file_that_may_be_cut_short_is_refused(
    in_process: CommandInProcess, tmp_path: Path
) -> None:
    path = write(tmp_path / "in.jsonl", [PASSENGER, PASSENGER])
    path.write_bytes(path.read_bytes().rstrip())
    flag = "--allow-no-final-newline"
    for arguments in (("score", path, tmp_path / "out.parquet"), ("check", path)):
        done = in_process(*arguments, code=65)
        assert "row 2, line 2: unterminated" in done.said
        assert f"Add {flag}" in done.said
    in_process("score", path, tmp_path / "out.parquet", flag, "-q")
    path.write_bytes(path.read_bytes()[:-9])
    assert flag not in in_process("score", path, tmp_path / "out.parquet", code=65).said


def test_an_empty_text_is_null_where_the_user_says_so(
    in_process: CommandInProcess, tmp_path: Path
) -> None:
    path = write(tmp_path / "in.jsonl", [PASSENGER, {**PASSENGER, "Age": ""}])
    refused = in_process("score", path, tmp_path / "out.parquet", code=65)
    assert "Add --null ''" in refused.said
    in_process("score", path, tmp_path / "out.parquet", "--null", "", "-q")
    assert manifest(tmp_path / "out.parquet")["null_tokens"] == {"Age": {"": 1}}


def test_a_document_is_made_lines_of_by_the_command_in_the_message(
    in_process: CommandInProcess, tmp_path: Path
) -> None:
    path = tmp_path / "list of all.jsonl"
    path.write_text(json.dumps([PASSENGER, PASSENGER]))
    error = in_process("score", path, "out.parquet", code=65).error
    command = error.split("`")[1]
    subprocess.run(["bash", "-c", command], check=True, cwd=tmp_path)
    in_process("score", tmp_path / "list of all.lines.jsonl", "out.parquet", "-q")
    assert manifest(tmp_path / "out.parquet")["rows"]["scored"] == 2


def test_a_folder_of_lines_is_scored(in_process: CommandInProcess, source: Path) -> None:
    folder = source.parent / "files"
    folder.mkdir()
    for name in ("a.jsonl", "b.ndjson"):
        shutil.copy(source, folder / name)
    shutil.copy(PASSENGERS, folder / "c.csv")
    in_process("score", folder, f"{source.parent}/out/", "-q")
    tables = [pq.read_table(source.parent / "out" / f"{name}.parquet") for name in "abc"]
    assert tables[0].equals(tables[1])
    assert [table.num_rows for table in tables] == [418] * 3


def test_infinity_is_no_json(in_process: CommandInProcess, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([{**PASSENGER, "x": float("inf")}, {**PASSENGER, "x": None}])
    pq.write_table(table, tmp_path / "in.parquet")
    error = in_process("score", tmp_path / "in.parquet", "out.jsonl", code=65).error
    assert "column x holds an infinite number" in error
    assert not (tmp_path / "out.jsonl").exists()


def test_bytes_are_no_json(in_process: CommandInProcess, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([{**PASSENGER, "x": [{"y": b"bytes"}]}])
    pq.write_table(table, tmp_path / "in.parquet")
    error = in_process("score", tmp_path / "in.parquet", "out.jsonl", code=2).error
    assert "column x is list<element: struct<y: binary>>, which JSON Lines cannot hold" in error


def test_parity_sends_each_value_as_it_is(tmp_path: Path) -> None:
    record = {"a": 1, "mixed": "1", "nested": [1]}
    path = write(tmp_path / "in.jsonl", [record, {"a": 2, "mixed": 2.5, "nested": None}])
    source = open_source(str(path), chunk_bytes=1 << 20, max_record_bytes=1 << 20)
    (chunk,) = source.chunks()
    cells = source.parser.parse(chunk).cells
    source.close()
    parser: JsonlParser = pickle.loads(pickle.dumps(source.parser))  # as for a worker
    assert parser.parse(chunk).cells.equals(cells)
    plan = AlignmentPlan(column_mappings=(), dropped=("a", "mixed", "nested"), named=True)
    sent = records_of(FileContext(input="in", parser=parser, alignment=plan), chunk)
    assert sent == [(1, {"a": 1, "mixed": "1"}), (2, {"a": 2, "mixed": 2.5})]
