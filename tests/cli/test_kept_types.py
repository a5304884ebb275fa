"""--type gives a kept column its type, each cell losslessly or not at all."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import titanic_batch
from tests.cli.command import PASSENGERS, CommandInProcess, manifest
from titanic_batch.errors import UsageError

MODEL = "Pclass,Sex,Age,SibSp,Parch,Fare,Embarked"
ROW = "3,male,22,1,0,7.25,S"


def moment(hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> dt.datetime:
    return dt.datetime(2026, 2, 28, hour, minute, second, micro)  # noqa: DTZ001  # without a zone


#: A type, its Arrow type, and cells with what they are: a text where they are rejects.
CASES: list[tuple[str, pa.DataType, dict[str, Any]]] = [
    ("integer", pa.int64(), {"007": 7, "3.0": 3, "": None, "NA": None, "x": "not-an-integer",
                             "3.5": "not-an-integer", "9007199254740993": 9007199254740993,
                             "9223372036854775808": "not-an-integer"}),
    ("number", pa.float64(), {"1.50": 1.5, "-1e3": -1000.0, "": None, "1,5": "not-a-number",
                              "inf": "not-finite", "1e400": "not-finite"}),
    ("boolean", pa.bool_(), {"true": True, "FALSE": False, "1": True, "": None, "null": None,
                             "yes": "not-a-boolean"}),
    ("date", pa.date32(), {"2026-02-28": dt.date(2026, 2, 28), " 1912-04-15": dt.date(1912, 4, 15),
                           "": None, "NaN": None, "2026-02-30": "not-a-number",
                           "28.02.2026": "not-a-number", "2026-02-28 10:00": "not-a-number"}),
    ("timestamp", pa.timestamp("us"), {
        "2026-02-28": moment(), "2026-02-28T10:01": moment(10, 1),
        "2026-02-28 10:01:02.5": moment(10, 1, 2, 500_000),
        "2026-02-28 10:01:02.123456000": moment(10, 1, 2, 123_456),
        "": None, "2026-02-28T10:01Z": "not-a-number", "2026-02-28 25:00": "not-a-number",
        "2026-02-28 10:01:02.1234567": "not-a-number", "20260228": "not-a-number"}),
    ("text", pa.string(), {"007": "007", "NA": "NA", "": None}),
]  # fmt: skip


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("case", CASES, ids=[kind for kind, _, _ in CASES])
def test_cells_have_the_type_or_are_rejects(
    in_process: CommandInProcess,
    tmp_path: Path,
    suffix: str,
    case: tuple[str, pa.DataType, dict[str, Any]],
) -> None:
    kind, arrow, cells = case
    path, output = tmp_path / f"in.{suffix}", tmp_path / "out.parquet"
    if suffix == "csv":
        path.write_text(f"{MODEL},x\n" + "".join(f'{ROW},"{cell}"\n' for cell in cells))
    else:
        values = json.loads('{"Pclass":3,"Sex":"male","SibSp":1,"Parch":0,"Embarked":"S"}')
        values |= {"Age": 22, "Fare": 7.25}
        lines = [json.dumps({**values, "x": cell or None}) for cell in cells]
        path.write_text("".join(f"{line}\n" for line in lines))
    wrong = {"not-an-integer", "not-a-number", "not-a-boolean", "not-finite"}
    bad = {cell: reason for cell, reason in cells.items() if reason in wrong}
    in_process("score", path, output, "-q", "--type", f"x={kind}", "--max-rejects", len(bad))
    column = pq.read_table(output)["x"]
    assert column.type == arrow
    assert column.to_pylist() == [value for cell, value in cells.items() if cell not in bad]
    if bad:
        with output.with_name("out.parquet.rejects.csv").open(newline="") as file:
            found = [(row["column"], row["reason"]) for row in csv.DictReader(file)]
        assert found == [("x", reason) for reason in bad.values()]
    tokens = [cell for cell, value in cells.items() if cell and value is None]
    facts = manifest(output)
    assert facts["null_tokens"] == ({"x": dict.fromkeys(tokens, 1)} if tokens else {})
    assert facts["nulls"] == {}  # of the model's columns
    if suffix == "csv":
        done = in_process("check", path, "--type", f"x={kind}", "--json", code=65 if bad else 0)
        assert done.json["rejected"] == len(bad)


def test_json_values_become_text_or_numbers(in_process: CommandInProcess, tmp_path: Path) -> None:
    values = json.loads('{"Pclass":3,"Sex":"male","SibSp":1,"Parch":0,"Embarked":"S"}')
    values |= {"Age": 22, "Fare": 7.25}
    path, output = tmp_path / "in.jsonl", tmp_path / "out.parquet"
    cells: list[Any] = [7, "007", True, {"a": 1}]
    path.write_text("".join(json.dumps({**values, "x": cell}) + "\n" for cell in cells))
    in_process("score", path, output, "-q", "--type", "x=text")
    assert pq.read_table(output)["x"].to_pylist() == ["7", "007", "true", '{"a":1}']
    in_process("score", path, output, "-q", "--type", "x=number", "--max-rejects", "1")
    assert pq.read_table(output)["x"].to_pylist() == [7.0, 7.0, 1.0]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("x.csv", "Ticket=text"), "only Parquet has types. Write a .parquet file"),
        (("-", "Ticket=text"), "only Parquet has types"),
        (("x.parquet", "Tickt=text"), "there is no such column; it must be a column of the input."),
        (("x.parquet", "Age=text"), "it is a column of the model, which knows its type."),
        (("x.parquet", "Ticket=int"), "there is no such type. The types are integer, number,"),
        (("x.parquet", "Ticket"), "is not of the form COL=TYPE"),
        (("x.parquet", "Ticket=text", "--keep", "Name"), "the column is not kept. Name it in"),
    ],
)
def test_types_that_say_nothing_are_usage_errors(
    in_process: CommandInProcess, flags: tuple[str, ...], said: str
) -> None:
    output, kind, *others = flags
    done = in_process("score", PASSENGERS, output, "--type", kind, *others, code=2)
    assert said in done.error


def test_a_typed_column_is_no_date(in_process: CommandInProcess, tmp_path: Path) -> None:
    frame = pa.Table.from_pylist(
        [{"Pclass": 3, "Sex": "male", "Age": 22.0, "SibSp": 1, "Parch": 0, "Fare": 7.25,
          "Embarked": "S", "x": 7}]
    )  # fmt: skip
    pq.write_table(frame, tmp_path / "in.parquet")
    error = in_process(
        "score", tmp_path / "in.parquet", "out.parquet", "--type", "x=date", code=2
    ).error
    assert "--type x=date: the column is int64 in the input" in error
    in_process("score", tmp_path / "in.parquet", "out.parquet", "--type", "x=text", "-q")
    assert pq.read_table(tmp_path / "out.parquet")["x"].to_pylist() == ["7"]


def test_jobs_and_python_take_it(in_process: CommandInProcess, tmp_path: Path) -> None:
    job = tmp_path / "job.toml"
    job.write_text(
        f'[input]\npath = "{PASSENGERS}"\n[output]\npath = "{tmp_path}/out.parquet"\n'
        '[columns.PassengerId]\ntype = "integer"\n'
    )
    in_process("run", job, "-q")
    assert pq.read_table(tmp_path / "out.parquet")["PassengerId"].type == pa.int64()
    with pytest.raises(UsageError, match=r"type=.* is wrong"):
        titanic_batch.score(PASSENGERS, "x.parquet", type={"Ticket": "texts"})  # type: ignore[dict-item]


def test_typed_numbers_have_the_marks_of_the_file(
    in_process: CommandInProcess, tmp_path: Path
) -> None:
    path, output = tmp_path / "in.csv", tmp_path / "out.parquet"
    rows = [("1.234,5", "1.000"), ("2,25", "9.007.199.254.740.993"), ("1.5", "7"), ("2", "1.23")]
    path.write_text(
        f"{MODEL},x,n\n".replace(",", ";")
        + "".join(f"3;male;22;1;0;7,25;S;{x};{n}\n" for x, n in rows)
    )
    options = ["--delimiter", ";", "--decimal", ",", "--thousands", "."]
    typed = ["--type", "x=number", "--type", "n=integer", "--max-rejects", "2"]
    done = in_process("score", str(path), str(output), *options, *typed)
    assert done.code == 0, done.err
    kept = pq.read_table(output)
    assert kept["x"].to_pylist() == [1234.5, 2.25]
    assert kept["n"].to_pylist() == [1000, 9007199254740993]
    assert manifest(output)["rejects"]["by_reason"] == {"not-a-number": 1, "not-an-integer": 1}
