"""No damage to a Parquet file with page checksums publishes a wrong row.

Its pages have checksums where the writer made them; its footer has none, ever. What a flipped bit
in the footer can do unseen is listed here with its count: give a column that no model column is fed
from another name or type. In a file without page checksums a flipped bit in a page may be a value.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.damage.clean import NAMES, ROWS
from tests.damage.outcome import Outcome, outcome

WHOLE = ("PassengerId", "Pclass", "SibSp", "Parch")
DECIMAL = ("Age", "Fare")
MODEL = ("Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked")


def table() -> pa.Table:
    columns = {}
    for name, cells in zip(NAMES, zip(*ROWS, strict=True), strict=True):
        kind = int if name in WHOLE else float if name in DECIMAL else str
        columns[name] = pa.array([None if cell is None else kind(cell) for cell in cells])
    return pa.table(columns)


def parquet(*, checksums: bool) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table(), sink, row_group_size=4, write_page_checksum=checksums)
    return sink.getvalue()


def footer_start(data: bytes) -> int:
    return len(data) - 8 - int.from_bytes(data[-8:-4], "little")


def run(path: Path, data: bytes) -> Outcome:
    path.write_bytes(data)
    return outcome(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "damaged.parquet"


def test_a_file_cut_short_anywhere_fails(path: Path) -> None:
    data = parquet(checksums=False)
    cases = 0
    for cut in (*range(0, len(data), 7), *range(len(data) - 30, len(data))):
        assert run(path, data[:cut]).failure
        cases += 1
    assert cases > 900


def test_a_file_with_bytes_put_in_or_taken_out_fails_or_is_whole(path: Path) -> None:
    data = parquet(checksums=True)
    clean = run(path, data)
    for offset in range(0, len(data), 23):
        for damaged in (
            data[:offset] + b"x" + data[offset:],
            data[:offset] + data[offset + 1 :],
            data[:offset] + b"\0" * 64 + data[offset + 64 :],
        ):
            result = run(path, damaged)
            assert result.failure or result == clean
    assert run(path, data + data) == clean  # the last footer counts, and it is right
    assert run(path, data + b"x").failure


def flips(data: bytes, start: int, end: int, step: int) -> Iterator[bytes]:
    for offset in range(start, end, step):
        damaged = bytearray(data)
        damaged[offset] ^= 1 << (offset // step % 8)
        yield bytes(damaged)


def test_a_flipped_bit_in_a_page_with_a_checksum_fails_or_changes_nothing(
    path: Path, record_property: Callable[[str, object], None]
) -> None:
    data = parquet(checksums=True)
    clean = run(path, data)
    assert len(clean.published) == len(ROWS)
    outcomes: Counter[str] = Counter()
    for damaged in flips(data, 0, footer_start(data), 3):
        result = run(path, damaged)
        assert result.failure or result == clean
        outcomes["failed" if result.failure else "unchanged"] += 1
    for name, count in outcomes.items():
        record_property(name, count)
    assert outcomes["failed"] > 500


def test_a_flipped_bit_in_the_footer_never_changes_what_the_model_is_fed(
    path: Path, record_property: Callable[[str, object], None]
) -> None:
    data = parquet(checksums=True)
    clean = run(path, data)
    model = [NAMES.index(name) for name in MODEL]
    fed = [tuple(row[i] for i in model) for row, _ in clean.published]
    outcomes: Counter[str] = Counter()
    for damaged in flips(data, footer_start(data), len(data), 2):
        result = run(path, damaged)
        if result.failure:
            outcomes["failed"] += 1
        elif result == clean:
            outcomes["unchanged"] += 1
        elif len(result.published) + len(result.rejects) == len(ROWS) and result.rejects:
            assert set(result.published) <= set(clean.published)
            outcomes["rejected"] += 1
        else:
            # A kept column has another name or type; the model's own and its answers are right.
            assert [prediction for _, prediction in result.published] == [
                prediction for _, prediction in clean.published
            ]
            assert [tuple(row[i] for i in model) for row, _ in result.published] == fed
            outcomes["a kept column renamed or retyped, which nothing can tell"] += 1
    for name, count in outcomes.items():
        record_property(name, count)
    assert outcomes["failed"] > 500


def test_without_page_checksums_a_flipped_bit_never_ends_in_a_traceback(
    path: Path, record_property: Callable[[str, object], None]
) -> None:
    data = parquet(checksums=False)
    clean = run(path, data)
    outcomes: Counter[str] = Counter()
    for damaged in flips(data, 0, footer_start(data), 5):
        result = run(path, damaged)
        if result.failure:
            outcomes["failed"] += 1
        elif result == clean:
            outcomes["unchanged"] += 1
        else:
            assert len(result.published) + len(result.rejects) == len(ROWS)
            outcomes["rejected or another value, which nothing can tell"] += 1
    for name, count in outcomes.items():
        record_property(name, count)
