"""Write passenger files of any length that look like the real list.

Each row is a passenger of the real list (``sample_data/``), drawn at random, with a PassengerId of
its own and a little jitter on Age and Fare. Everything else stays as it is: names with commas,
empty cells, tickets with leading letters. Nicknames stand in double quotes, as in Kaggle's files
(the source of ``sample_data/`` has single ones), so that CSV doubles them. A reader meets what it
would meet in the real file, only longer. The same seed gives the same bytes.

    python -m bench.generate 1000000 passengers.csv
    python -m bench.generate 1000000 passengers.parquet
"""

from __future__ import annotations

import argparse
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COLUMNS = (
    "PassengerId",
    "Pclass",
    "Name",
    "Sex",
    "Age",
    "SibSp",
    "Parch",
    "Ticket",
    "Fare",
    "Cabin",
    "Embarked",
)
REAL_LIST = Path(__file__).parents[1] / "sample_data"
REAL_FILES = ("train.csv", "passengers.csv")
SEED = 1912
ROWS_PER_BLOCK = 50_000
FARE_VARIANTS = 64
# Not the apostrophe of O'Connor, which follows a letter.
NICKNAME = re.compile(r"(?<!\w)'([^']+)'(?!\w)")
AGE_SHIFTS_YEARS = (-3, -2, -1, 0, 1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Template:
    """One real passenger as CSV text, cut where the numbers that vary go."""

    head: str
    """Pclass, Name, Sex."""
    ages: Sequence[str]
    middle: str
    """SibSp, Parch, Ticket."""
    fares: Sequence[str]
    tail: str
    """Cabin, Embarked."""


def write_passengers(
    path: Path, n_rows: int, *, seed: int = SEED, real_list: Path = REAL_LIST
) -> None:
    """Write `n_rows` passengers to `path`: Parquet if it ends in .parquet, else CSV.

    Memory does not grow with `n_rows`.

    Args:
        path: the file to write; replaced if it exists.
        n_rows: number of data records.
        seed: the same seed gives the same rows.
        real_list: folder that holds train.csv and passengers.csv.
    """
    templates = read_templates(real_list, seed=seed)
    blocks = csv_blocks(templates, n_rows, seed=seed)
    if path.suffix == ".parquet":
        _write_parquet(path, blocks)
        return
    with path.open("wb") as file:
        file.write(_header())
        file.writelines(blocks)


def read_templates(real_list: Path, *, seed: int) -> list[Template]:
    """Read the real passengers, train.csv first, as text that can be put together again."""
    rng = np.random.default_rng([seed, 0])
    templates = []
    for name in REAL_FILES:
        with (real_list / name).open(encoding="utf-8", newline="") as file:
            templates += [_template(row, rng) for row in csv.DictReader(file)]
    return templates


def csv_blocks(templates: Sequence[Template], n_rows: int, *, seed: int) -> Iterator[bytes]:
    """Yield CSV records, without a header, in blocks of at most ROWS_PER_BLOCK.

    Rows are joined from ready pieces of text: about ten times faster than writing each one through
    a CSV writer, which makes 3 M rows a matter of seconds.
    """
    rng = np.random.default_rng([seed, 1])
    for start in range(0, n_rows, ROWS_PER_BLOCK):
        size = min(ROWS_PER_BLOCK, n_rows - start)
        draws = zip(
            range(start + 1, start + size + 1),
            map(templates.__getitem__, rng.integers(len(templates), size=size).tolist()),
            rng.integers(len(AGE_SHIFTS_YEARS), size=size).tolist(),
            rng.integers(FARE_VARIANTS, size=size).tolist(),
            strict=True,
        )
        yield "".join(
            [f"{i},{t.head},{t.ages[a]},{t.middle},{t.fares[f]},{t.tail}\n" for i, t, a, f in draws]
        ).encode()


def _template(row: dict[str, str], rng: np.random.Generator) -> Template:
    name = NICKNAME.sub(r'"\1"', row["Name"])
    return Template(
        head=_csv_text(row["Pclass"], name, row["Sex"]),
        ages=[_shifted_age(row["Age"], years) for years in AGE_SHIFTS_YEARS],
        middle=_csv_text(row["SibSp"], row["Parch"], row["Ticket"]),
        fares=[
            _scaled_fare(row["Fare"], factor) for factor in rng.uniform(0.97, 1.03, FARE_VARIANTS)
        ],
        tail=_csv_text(row["Cabin"], row["Embarked"]),
    )


def _csv_text(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _shifted_age(text: str, years: int) -> str:
    """Shift an age by whole years; empty ages and small children's ages in months stay."""
    if not text or float(text) < 4:
        return text
    return f"{float(text) + years:.{_decimals(text)}f}"


def _scaled_fare(text: str, factor: float) -> str:
    """Scale a fare, with as many decimals as before; an empty fare stays."""
    return f"{float(text) * factor:.{_decimals(text)}f}" if text else text


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])


def _header() -> bytes:
    return (",".join(COLUMNS) + "\n").encode()


def _write_parquet(path: Path, blocks: Iterator[bytes]) -> None:
    """Parse the CSV blocks with fixed types, so that both formats hold the same passengers."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    integers, floats = {"PassengerId", "Pclass", "SibSp", "Parch"}, {"Age", "Fare"}
    schema = pa.schema(
        [
            (c, pa.int64() if c in integers else pa.float64() if c in floats else pa.string())
            for c in COLUMNS
        ]
    )
    types = pa_csv.ConvertOptions(
        column_types=schema,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    with pq.ParquetWriter(path, schema) as writer:
        for block in blocks:
            table = pa_csv.read_csv(pa.BufferReader(_header() + block), convert_options=types)
            writer.write_table(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write passengers that look like the real list.")
    parser.add_argument("rows", type=int)
    parser.add_argument("output", type=Path, help="a .csv or .parquet file")
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    write_passengers(args.output, args.rows, seed=args.seed)


if __name__ == "__main__":
    main()
