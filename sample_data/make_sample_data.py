"""Make every data file of this folder from the passenger list inside scikit-learn's own wheel.

    python sample_data/make_sample_data.py [--out DIR]

Needs no network. README.md beside this script tells where the facts come from.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import random
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SOURCE_FILE = "datasets/tests/data/openml/id_40945/data-v1-dl-16826755.arff.gz"
# Of the unpacked ARFF text. Another scikit-learn that carried another list would stop here, and
# not change the sample files without a word.
SOURCE_SHA256 = "c56e3785c96cd8aceac85f11bff21c2bf72841426f50903a6f27be8f334a7d03"
# fmt: off
SOURCE_ATTRIBUTES = [
    "pclass", "survived", "name", "sex", "age", "sibsp", "parch", "ticket", "fare", "cabin",
    "embarked", "boat", "body", "home.dest",
]
TRAIN_COLUMNS = [
    "PassengerId", "Survived", "Pclass", "Name", "Sex", "Age", "SibSp", "Parch", "Ticket", "Fare",
    "Cabin", "Embarked",
]
# fmt: on
PASSENGER_COLUMNS = [column for column in TRAIN_COLUMNS if column != "Survived"]
INTEGER_COLUMNS = ("PassengerId", "Survived", "Pclass", "SibSp", "Parch")
NUMBER_COLUMNS = ("Age", "Fare")

N_PASSENGERS = 1309
N_TRAIN = 891
SPLIT_SEED = 40945  # the number of the list at OpenML

N_DIRTY = 24

Passenger = dict[str, str]
"""One passenger: column name to cell text, empty where the fact is not known."""


def read_source() -> str:
    """Read the ARFF text of OpenML's data set 40945 from the installed scikit-learn.

    Raises:
        SystemExit: scikit-learn was installed without its test data, or carries another list.
    """
    source = files("sklearn").joinpath(SOURCE_FILE)
    if not source.is_file():
        raise SystemExit(
            f"sklearn/{SOURCE_FILE} is missing: this scikit-learn was installed without its test "
            "data; install the wheel from PyPI"
        )
    content = gzip.decompress(source.read_bytes())
    found = hashlib.sha256(content).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"sklearn/{SOURCE_FILE} holds another list: SHA-256 {found}")
    return content.decode("utf-8")


def parse_source(arff: str) -> list[Passenger]:
    """Parse the ARFF text into passengers with Kaggle's column names, in the list's order.

    No public API reads this file: scipy.io.arff knows no string attributes, and scikit-learn's
    two ARFF parsers are private and are reached through a download only. The data section, though,
    is plain CSV: values between double quotes, `?` for an unknown one, no backslash anywhere. The
    SHA-256 above pins exactly that text, so Python's own csv module reads it reliably; a test
    compares the outcome with scikit-learn's private parser.
    """
    head, _, body = arff.partition("@data\n")
    attributes = [
        line.split()[1].strip("'") for line in head.splitlines() if line.startswith("@attribute")
    ]
    if attributes != SOURCE_ATTRIBUTES:
        raise SystemExit(f"the list has other columns than expected: {attributes}")
    passengers = []
    for values in csv.reader(io.StringIO(body, newline=""), strict=True):
        facts = dict(zip(SOURCE_ATTRIBUTES, values, strict=True))
        passengers.append(
            {
                column: _cell(column, facts[column.lower()])
                for column in TRAIN_COLUMNS
                if column != "PassengerId"
            }
        )
    if len(passengers) != N_PASSENGERS:
        raise SystemExit(f"the list has {len(passengers)} passengers, not {N_PASSENGERS}")
    return passengers


def _cell(column: str, value: str) -> str:
    """Write a value as Kaggle's files do: nothing where unknown, numbers the shortest way."""
    if value == "?":
        return ""
    if column in INTEGER_COLUMNS:
        return str(int(value))
    if column in NUMBER_COLUMNS:
        return repr(float(value)).removesuffix(".0")
    return value


def split(passengers: list[Passenger]) -> tuple[list[Passenger], list[Passenger]]:
    """Shuffle the passengers, number them from 1, and part them into train and the others.

    The list at OpenML does not say who was in which of Kaggle's two files. So this split has
    Kaggle's sizes, and is not Kaggle's split.
    """
    # Sorting by random() and not shuffle(): Python promises the same random() in every version.
    generator = random.Random(SPLIT_SEED)  # noqa: S311 - a reproducible order, no secret
    shuffled = sorted(passengers, key=lambda _: generator.random())
    numbered = [
        {"PassengerId": str(number), **passenger} for number, passenger in enumerate(shuffled, 1)
    ]
    return numbered[:N_TRAIN], numbered[N_TRAIN:]


def to_csv(passengers: list[Passenger], columns: list[str]) -> bytes:
    """Write passengers as CSV: header, LF, quotes only where needed, UTF-8."""
    return _csv_records([columns, *([p[c] for c in columns] for p in passengers)])


def _csv_records(records: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(records)
    return text.getvalue().encode("utf-8")


def to_table(passengers: list[Passenger], columns: list[str]) -> pa.Table:
    """Build the Arrow table with each column's natural type, null where unknown."""
    arrays = {}
    for column in columns:
        cells = [passenger[column] or None for passenger in passengers]
        if column in INTEGER_COLUMNS:
            arrays[column] = pa.array([None if c is None else int(c) for c in cells], pa.int64())
        elif column in NUMBER_COLUMNS:
            numbers = [None if c is None else float(c) for c in cells]
            arrays[column] = pa.array(numbers, pa.float64())
        else:
            arrays[column] = pa.array(cells, pa.string())
    return pa.table(arrays)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One bad record of dirty.csv.

    Attributes:
        row: 1-based data record.
        reason: why it is rejected, in the words of a rejects file.
        column: the column whose value is at fault; empty where it is the record as a whole.
        value: what stands in that column instead of the passenger's own value.
    """

    row: int
    reason: str
    column: str = ""
    value: str = ""


FAULTS = (
    Fault(row=3, reason="wrong-width"),
    Fault(row=5, reason="not-a-number", column="Age", value="abc"),
    Fault(row=10, reason="unknown-category", column="Sex", value="unknown"),
    Fault(row=12, reason="repeated-header"),
    Fault(row=14, reason="bad-encoding"),
    Fault(row=16, reason="not-an-integer", column="SibSp", value="1.5"),
    Fault(row=17, reason="bad-quote"),
    Fault(row=18, reason="not-finite", column="Fare", value="inf"),
    Fault(row=20, reason="missing-value", column="Sex", value=""),
)
# Two good records that look odd: a line break inside a quoted field (after it, line numbers run one
# ahead), and quotes inside one.
LINE_BREAK_ROW = 6
QUOTES_ROW = 11


def to_dirty_csv(passengers: list[Passenger]) -> bytes:
    """Write the first 24 passengers, some of them damaged as FAULTS says."""
    faults = {fault.row: fault for fault in FAULTS}
    parts = [_csv_records([PASSENGER_COLUMNS])]
    for row, passenger in enumerate(passengers[:N_DIRTY], 1):
        cells = dict(passenger)
        last, first = cells["Name"].split(", ", 1)
        if row == QUOTES_ROW:
            cells["Name"] = cells["Name"].replace("'", '"')
        if row == LINE_BREAK_ROW:
            cells["Name"] = f"{last},\n{first}"
        fault = faults.get(row)
        if fault is not None and fault.column:
            cells[fault.column] = fault.value
        record = _csv_records([[cells[column] for column in PASSENGER_COLUMNS]])
        quoted_name = f'"{last}, {first}"'.encode()
        match fault.reason if fault else "":
            case "wrong-width":  # the name's quotes are missing, so its comma parts it in two
                record = record.replace(quoted_name, quoted_name.strip(b'"'))
            case "bad-quote":  # quotes inside a field that is not quoted, as it holds no comma
                record = record.replace(quoted_name, first.replace("'", '"').encode())
            case "repeated-header":
                record = parts[0]
            case "bad-encoding":  # an e with an acute accent, in Latin-1
                record = record.replace(quoted_name, quoted_name.replace(b"e", b"\xe9", 1))
        parts.append(record)
    return b"".join(parts)


def to_truncated_csv(passengers: list[Passenger]) -> bytes:
    """Write the first 24 passengers, cut short within the last fare."""
    whole = to_csv(passengers[:N_DIRTY], PASSENGER_COLUMNS)
    fare = passengers[N_DIRTY - 1]["Fare"].encode()
    return whole[: whole.rindex(fare) + len(fare) - 2]


def make(out: Path) -> None:
    """Write every data file into a folder that exists.

    Args:
        out: the folder; files of the same names are replaced.
    """
    train, passengers = split(parse_source(read_source()))
    (out / "train.csv").write_bytes(to_csv(train, TRAIN_COLUMNS))
    (out / "passengers.csv").write_bytes(to_csv(passengers, PASSENGER_COLUMNS))
    pq.write_table(to_table(passengers, PASSENGER_COLUMNS), out / "passengers.parquet")
    (out / "dirty.csv").write_bytes(to_dirty_csv(passengers))
    (out / "truncated.csv").write_bytes(to_truncated_csv(passengers))
    print(
        f"{out}: train.csv ({len(train)} passengers), passengers.csv and passengers.parquet "
        f"({len(passengers)}), dirty.csv ({N_DIRTY} records, {len(FAULTS)} of them bad), "
        f"truncated.csv ({N_DIRTY} records, the last one cut)"
    )


def main() -> None:
    """Parse the command line and make the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder (default: this one)"
    )
    make(parser.parse_args().out)


if __name__ == "__main__":
    main()
