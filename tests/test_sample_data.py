"""The sample files are what their README says, and the script still makes them."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.externals import _arff

from sample_data.make_sample_data import FAULTS, parse_source, read_source, to_table

SAMPLE_DATA = Path(__file__).parents[1] / "sample_data"

KAGGLE_TRAIN = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked"
KAGGLE_TEST = "PassengerId,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked"


def read_csv(name: str) -> tuple[str, list[dict[str, str]]]:
    text = (SAMPLE_DATA / name).read_bytes().decode("utf-8")
    return text.partition("\n")[0], list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample_data")
    script = SAMPLE_DATA / "make_sample_data.py"
    subprocess.run([sys.executable, str(script), "--out", str(out)], check=True, cwd=out)
    return out


@pytest.mark.parametrize("name", ["train.csv", "passengers.csv", "dirty.csv"])
def test_the_script_makes_the_same_bytes(remade: Path, name: str) -> None:
    assert (SAMPLE_DATA / name).read_bytes() == (remade / name).read_bytes()


def test_the_script_makes_the_same_parquet_content(remade: Path) -> None:
    kept = pq.read_table(SAMPLE_DATA / "passengers.parquet")
    assert kept.equals(pq.read_table(remade / "passengers.parquet"))


def test_the_script_makes_every_data_file_here(remade: Path) -> None:
    kept = {path.name for path in SAMPLE_DATA.iterdir() if path.suffix in {".csv", ".parquet"}}
    assert kept == {path.name for path in remade.iterdir()}


@pytest.mark.parametrize(
    ("name", "header", "first_id", "n_passengers"),
    [("train.csv", KAGGLE_TRAIN, 1, 891), ("passengers.csv", KAGGLE_TEST, 892, 418)],
)
def test_csv_has_kaggles_columns_and_size(
    name: str, header: str, first_id: int, n_passengers: int
) -> None:
    found_header, passengers = read_csv(name)
    assert header == found_header
    assert [str(first_id + i) for i in range(n_passengers)] == [
        passenger["PassengerId"] for passenger in passengers
    ]
    content = (SAMPLE_DATA / name).read_bytes()
    assert content.endswith(b"\n")
    assert b"\r" not in content


def test_parquet_holds_the_same_passengers_with_natural_types() -> None:
    header, passengers = read_csv("passengers.csv")
    table = pq.read_table(SAMPLE_DATA / "passengers.parquet")
    assert to_table(passengers, header.split(",")).equals(table)
    integers = ["PassengerId", "Pclass", "SibSp", "Parch"]
    assert [pa.int64()] * 4 == [table.schema.field(name).type for name in integers]
    assert [pa.float64()] * 2 == [table.schema.field(name).type for name in ("Age", "Fare")]
    assert table["Age"].null_count > 0
    assert table["Cabin"].type == pa.string()
    assert table["Cabin"].null_count > 0


def test_every_real_passenger_appears_exactly_once() -> None:
    # scikit-learn's own ARFF parser is the second witness: the script reads the file by itself.
    source = _arff.loads(read_source())
    names = [name.lower() for name, _ in source["attributes"]]
    columns = [column for column in KAGGLE_TEST.split(",") if column != "PassengerId"]
    numbers = {"Pclass", "Age", "SibSp", "Parch", "Fare"}

    real: Counter[tuple[str | float | None, ...]] = Counter()
    for values in source["data"]:
        facts = dict(zip(names, values, strict=True))
        real[tuple(facts[column.lower()] for column in columns)] += 1

    ours: Counter[tuple[str | float | None, ...]] = Counter()
    for name in ("train.csv", "passengers.csv"):
        for passenger in read_csv(name)[1]:
            cells = [(column, passenger[column] or None) for column in columns]
            ours[
                tuple(
                    float(cell) if cell is not None and column in numbers else cell
                    for column, cell in cells
                )
            ] += 1

    assert real.total() == 1309
    assert real == ours


def test_survived_is_the_fact_of_the_passenger() -> None:
    real = Counter((p["Name"], p["Ticket"], p["Survived"]) for p in parse_source(read_source()))
    ours = Counter((p["Name"], p["Ticket"], p["Survived"]) for p in read_csv("train.csv")[1])
    assert ours <= real
    assert {"0", "1"} == {survived for _, _, survived in ours}


def dirty_records() -> Iterator[tuple[int, list[str]]]:
    """Each record of dirty.csv, the header first, with the line where it starts."""
    # Latin-1 reads any byte; no other file here needs it.
    text = (SAMPLE_DATA / "dirty.csv").read_bytes().decode("latin-1")
    reader = csv.reader(io.StringIO(text, newline=""))
    line = 1
    for record in reader:
        yield line, record
        line = reader.line_num + 1


def readme_table() -> list[tuple[int, int, str, str]]:
    text = (SAMPLE_DATA / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (\d+) \| ([\w-]+) \| (\w*) ?\|", text, re.MULTILINE)
    return [(int(row), int(line), reason, column) for row, line, reason, column in rows]


def test_dirty_csv_has_the_faults_of_the_readme_and_no_others() -> None:
    (_, header), *records = dirty_records()
    assert header == KAGGLE_TEST.split(",")
    good = {passenger["PassengerId"]: passenger for passenger in read_csv("passengers.csv")[1]}
    found: list[tuple[int, int, str, str]] = []
    for row, (line, record) in enumerate(records, 1):
        cells = dict(zip(header, record, strict=False))
        if record == header:
            found.append((row, line, "repeated-header", ""))
        elif len(record) != len(header):
            found.append((row, line, "wrong-width", ""))
        elif not cells["Name"].isascii():
            found.append((row, line, "bad-encoding", "Name"))
        elif '"' in cells["Name"] and "," not in cells["Name"]:
            found.append((row, line, "bad-quote", "Name"))
        else:
            changed = [
                column
                for column in header
                if column != "Name" and cells[column] != good[cells["PassengerId"]][column]
            ]
            reasons = {
                "abc": "not-a-number",
                "1.5": "not-an-integer",
                "inf": "not-finite",
                "unknown": "unknown-category",
                "": "missing-value",
            }
            found += [(row, line, reasons[cells[column]], column) for column in changed]

    assert (SAMPLE_DATA / "dirty.csv").read_bytes().endswith(b"\n")
    assert readme_table() == found
    assert [(f.row, f.reason) for f in FAULTS] == [(row, reason) for row, _, reason, _ in found]


def test_dirty_csv_has_good_records_with_a_line_break_and_with_quotes() -> None:
    records = [record for _, record in dirty_records()][1:]
    bad_rows = {fault.row for fault in FAULTS}
    names = [record[2] for row, record in enumerate(records, 1) if row not in bad_rows]
    assert len([name for name in names if "\n" in name]) == 1
    assert len([name for name in names if '"' in name]) == 1
