"""Numbers are read as a file writes them: the decimal mark, and what parts thousands."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.alignment.planning import aligned, category, column, plan, reasons
from titanic_batch.alignment.apply import Aligned, align
from titanic_batch.alignment.number_format import NumberFormat, declare_numbers, refuse_delimiter
from titanic_batch.errors import UsageError
from titanic_batch.schema import ColumnSchema

GERMAN = declare_numbers(",", ".")


def aligned_texts(columns: list[ColumnSchema], cells: dict[str, Any], **options: Any) -> Aligned:
    """Align the texts of a CSV file."""
    table = pa.table({name: pa.array(texts, pa.string()) for name, texts in cells.items()})
    return align(plan(columns, list(cells), **options), table)


def read(numbers: NumberFormat, *texts: str | None, **fields: Any) -> list[Any]:
    """Return the numbers that cells are read as; of a reject, its reason."""
    result = aligned_texts(
        [column("x", accepts_null=True, **fields)], {"x": texts}, numbers=numbers
    )
    found: list[Any] = [None if np.isnan(value) else value for value in result.features[0].tolist()]
    for row, _, reason in reasons(result):
        found[row] = reason
    return found


@pytest.mark.parametrize(
    ("decimal", "thousands", "cell", "number"),
    [
        (",", None, "22,5", 22.5),
        (",", None, " -,5 ", -0.5),
        (",", None, "7,", 7.0),
        (",", None, "1,5e3", 1500.0),
        (",", None, "22.5", "not-a-number"),
        (",", None, "1,2,3", "not-a-number"),
        (",", ".", "1.234", 1234.0),
        (",", ".", "1.234,5", 1234.5),
        (",", ".", "1.234.567,25", 1234567.25),
        (",", ".", "1234,5", 1234.5),
        (",", ".", "1.23", "not-a-number"),
        (",", ".", "12.34,5", "not-a-number"),
        (",", ".", "1234.567", "not-a-number"),
        (",", ".", "1.234.56", "not-a-number"),
        (",", ".", "1,234.5", "not-a-number"),
        (",", ".", ".234", "not-a-number"),
        (None, ".", "1.234", 1234.0),
        (None, ".", "1.23", "not-a-number"),
        (None, ",", "1,234.5", 1234.5),
        (None, ",", "1,23", "not-a-number"),
        (",", " ", "1 234,5", 1234.5),
        (",", " ", "1\u00a0234\u00a0567", 1234567.0),
        (",", " ", "1\u202f234,5", 1234.5),
        (",", " ", "1\u202f234 567", "not-a-number"),
        (",", "\u00a0", "1 234", 1234.0),
        (None, "'", "1\u2019234.5", 1234.5),
        (None, "_", "1_234", 1234.0),
        (",", ".", "NA", None),
        (",", ".", "1.#IND", None),
        (",", ".", "inf", "not-finite"),
        (",", ".", "drei", "not-a-number"),
        (",", ".", "9.007.199.254.740.993", "not-a-number"),
    ],
)
def test_a_cell_is_the_number_that_its_marks_say(
    decimal: str | None, thousands: str | None, cell: str, number: Any
) -> None:
    numbers = declare_numbers(decimal, thousands)
    assert read(numbers, cell) == [number]
    assert read(numbers, "7", cell, None, "12") == [7.0, number, None, 12.0]  # among others


def test_numbers_written_and_read_again_are_the_same() -> None:
    rng = random.Random(0)
    values = [
        round(rng.uniform(-1, 1) * 10 ** rng.randrange(9), rng.randrange(5)) for _ in range(300)
    ]
    for decimal, thousands in ((",", "."), (",", " "), (".", ","), (".", "'"), (",", "")):
        marks = {",": thousands, ".": decimal}
        texts = ["".join(marks.get(c, c) for c in f"{value:,}") for value in values]
        assert read(declare_numbers(decimal, thousands or None), *texts) == values


def test_whole_numbers_and_categories_follow_the_same_marks() -> None:
    result = aligned_texts(
        [column("n", "integer"), category("k", 1, 1000), category("s", "1,5", "x")],
        {
            "n": ["1.000", "3,0", "3,5", "1.00"],
            "k": ["1.000", "1,0", "2", "1.0"],
            "s": ["1,5", "x", "1.5", "x"],  # texts, not numbers
        },
        numbers=GERMAN,
    )
    assert result.typed["n"].to_pylist() == [1000, 3, None, None]
    assert result.typed["k"].to_pylist()[:2] == [1000, 1]
    assert reasons(result) == [
        (2, "n", "not-an-integer"),
        (2, "k", "unknown-category"),
        (2, "s", "unknown-category"),
        (3, "n", "not-an-integer"),
        (3, "k", "unknown-category"),
    ]
    assert result.counts.unknown["k"] == {"2": 1, "1.0": 1}


def test_a_null_token_means_the_cell_as_it_stands_and_its_number() -> None:
    result = aligned_texts(
        [column("x", accepts_null=True)],
        {"x": (["-999,0", "-999", "1,5", "1.234"])},
        numbers=GERMAN,
        null_tokens=("-999", "1,5"),
    )
    assert result.typed["x"].to_pylist() == [None, None, None, 1234.0]
    assert result.counts.null_tokens["x"] == {"-999,0": 1, "-999": 1, "1,5": 1}


def test_parquet_numbers_have_no_marks() -> None:
    schema = pa.table({"x": pa.array([1.5])})
    result = aligned([column("x")], {"x": schema.column("x").combine_chunks()}, numbers=GERMAN)
    assert result.features[0].tolist() == [1.5]


@pytest.mark.parametrize(
    ("decimal", "thousands", "says"),
    [
        (",", ",", "--thousands ',' is the decimal mark"),
        (".", ".", "--thousands '.' is the decimal mark"),
        ("5", None, "--decimal '5'"),
        ("", None, "--decimal ''"),
        (",,", None, "--decimal ',,'"),
        ("-", None, "--decimal '-'"),
        ('"', None, "--decimal '\"'"),
        (None, "e", "--thousands 'e'"),
        (None, "\n", r"--thousands '\\n'"),
    ],
)
def test_marks_that_cannot_be_are_refused(
    decimal: str | None, thousands: str | None, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        declare_numbers(decimal, thousands)


def test_the_decimal_mark_cannot_stand_between_cells() -> None:
    with pytest.raises(UsageError, match="--decimal ',' is the delimiter"):
        refuse_delimiter(GERMAN, ",")
    refuse_delimiter(declare_numbers(None, ","), ",")  # in quotes it can
