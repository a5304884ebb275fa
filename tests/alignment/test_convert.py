from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from titanic_batch.alignment.convert import (
    Converted,
    read_integer,
    read_number,
    to_boolean,
    to_integer,
    to_number,
    to_text,
    to_values,
)

BIG = 2**53


def outcome(converted: Converted) -> Any:
    """Return the first cell's fault, or else its value."""
    return converted.faults[0][1] if converted.faults else converted.values.to_pylist()[0]


def text(*cells: str | None) -> pa.Array:
    return pa.array(cells, pa.string())


@pytest.mark.parametrize(
    ("cell", "number", "integer"),
    [
        ("3", 3.0, 3),
        ("3.0", 3.0, 3),
        ("3.5", 3.5, "not-an-integer"),
        (" 3", 3.0, 3),
        ("3\t", 3.0, 3),
        ("\n3", "not-a-number", "not-an-integer"),
        ("\xa03", "not-a-number", "not-an-integer"),
        ("3 4", "not-a-number", "not-an-integer"),
        ("+3", 3.0, 3),
        ("+-3", "not-a-number", "not-an-integer"),
        ("1e3", 1000.0, 1000),
        ("1E+3", 1000.0, 1000),
        ("1e", "not-a-number", "not-an-integer"),
        (".5", 0.5, "not-an-integer"),
        ("5.", 5.0, 5),
        (".", "not-a-number", "not-an-integer"),
        (" ", "not-a-number", "not-an-integer"),
        ("inf", "not-finite", "not-finite"),
        ("-Infinity", "not-finite", "not-finite"),
        ("1e400", "not-finite", "not-finite"),
        ("1e99999999999", "not-finite", "not-finite"),
        ("1e-99999999999", 0.0, 0),
        ("nan", None, None),
        ("-nan", None, None),
        ("NaN", None, None),
        ("NA", None, None),
        ("null", None, None),
        ("Null", "not-a-number", "not-an-integer"),
        ("NULL", None, None),
        ("N/A", None, None),
        ("None", None, None),
        ("true", "not-a-number", "not-an-integer"),
        ("0x10", "not-a-number", "not-an-integer"),
        ("1_0", "not-a-number", "not-an-integer"),
        ("1,5", "not-a-number", "not-an-integer"),
        ("1d", "not-a-number", "not-an-integer"),
        ("\u0663", "not-a-number", "not-an-integer"),
        ("\uff13", "not-a-number", "not-an-integer"),
        (str(BIG - 1), float(BIG - 1), BIG - 1),
        (str(BIG), float(BIG), BIG),
        (str(BIG + 1), "not-a-number", "not-an-integer"),
        (f"{BIG + 1}.0", "not-a-number", "not-an-integer"),
        (f"-{BIG + 1}", "not-a-number", "not-an-integer"),
        (str(BIG + 2), float(BIG + 2), BIG + 2),
        ("1e18", 1e18, 10**18),
        ("1e19", 1e19, "not-an-integer"),
        (str(2**63), float(2**63), "not-an-integer"),
        (f"-{2**70}", -float(2**70), "not-an-integer"),
        ("1e300", 1e300, "not-an-integer"),
        ("1" * 5000, "not-finite", "not-finite"),
        ("0" * 5000 + "1", 1.0, 1),
        ("1." + "0" * 5000, 1.0, 1),
        (None, None, None),
    ],
)
def test_a_text_cell_is_read_losslessly_or_rejected(
    cell: str | None, number: object, integer: object
) -> None:
    assert outcome(to_number(text(cell))) == number
    assert outcome(to_integer(text(cell))) == integer


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1.0, outcome(to_number(text("-0")))) == -1.0
    assert outcome(to_integer(text("-0.0"))) == 0


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("1", True),
        ("0", False),
        ("1.0", "not-a-boolean"),
        ("yes", "not-a-boolean"),
        (" true", "not-a-boolean"),
        ("2", "not-a-boolean"),
        ("NA", None),
        (None, None),
    ],
)
def test_booleans_are_true_false_one_and_zero(cell: str | None, expected: object) -> None:
    assert outcome(to_boolean(text(cell))) == expected


@pytest.mark.parametrize("cell", ["NA", "NaN", "null", "Null", " x", "", "3.0"])
def test_text_is_what_stands_there(cell: str) -> None:
    assert outcome(to_text(text(cell))) == cell


@pytest.mark.parametrize(
    ("cells", "number", "integer"),
    [
        (pa.array([BIG + 1, 7]), "not-a-number", "not-an-integer"),
        (pa.array([2**60, 7]), float(2**60), 2**60),
        (pa.array([2**63], pa.uint64()), float(2**63), "not-an-integer"),
        (pa.array([2**64 - 1], pa.uint64()), "not-a-number", "not-an-integer"),
        (pa.array([3], pa.uint8()), 3.0, 3),
        (pa.array([3.5], pa.float32()), 3.5, "not-an-integer"),
        (pa.array([7.8958], pa.float32()), float(np.float32(7.8958)), "not-an-integer"),
        (pa.array([np.float16(2)], pa.float16()), 2.0, 2),
        (pa.array([float("inf")]), "not-finite", "not-finite"),
        (pa.array([float("nan")]), None, None),
        (pa.array([1e19]), 1e19, "not-an-integer"),
        (pa.array([Decimal("3.00")]), 3.0, 3),
        (pa.array([Decimal("7.8958")]), 7.8958, "not-an-integer"),
        (pa.array([Decimal("1" * 30)]), "not-a-number", "not-an-integer"),
        (pa.array([Decimal("3.00")], pa.decimal256(60, 2)), 3.0, 3),
        (pa.array([True, None]), 1.0, 1),
        (pa.nulls(1), None, None),
        (text("3").dictionary_encode(), 3.0, 3),
        (text("NA").dictionary_encode(), None, None),
        (text("3").cast(pa.large_string()), 3.0, 3),
        (text("x").cast(pa.string_view()), "not-a-number", "not-an-integer"),
        (pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), text(None)), None, None),
        (pa.array([3]).dictionary_encode(), 3.0, 3),
    ],
)
def test_every_parquet_type_is_read_losslessly_or_rejected(
    cells: pa.Array, number: object, integer: object
) -> None:
    assert outcome(to_number(cells)) == number
    assert outcome(to_integer(cells)) == integer


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
def test_nan_in_a_boolean_column_is_null(kind: pa.DataType) -> None:
    converted = to_boolean(pa.array([1.0, float("nan"), 2.0, 0.0], kind))
    assert converted.values.to_pylist() == [True, None, None, False]
    assert converted.faults == ((2, "not-a-boolean"),)


def test_whole_numbers_in_a_text_column_are_their_digits() -> None:
    assert to_text(pa.array([3, None])).values.to_pylist() == ["3", None]
    assert to_text(pa.array([3.0, 3.5, float("nan")])).values.to_pylist() == ["3", "3.5", None]
    assert to_text(pa.nulls(2)).values.to_pylist() == [None, None]


@pytest.mark.parametrize("convert", [to_number, to_integer, to_boolean, to_text])
def test_an_empty_column_is_no_problem(convert: Any) -> None:
    assert len(convert(text()).values) == 0


@pytest.mark.parametrize("convert", [to_number, to_integer])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("others", [["1", "2"], ["1", "NA"], ["1", "x"]])
def test_a_null_token_is_null_whatever_else_is_in_the_column(
    convert: Any, kind: pa.DataType, others: list[str]
) -> None:
    cells = text(*others, "-999", None).cast(kind)
    converted = convert(cells, ("-999", "?"))
    assert converted.values.to_pylist()[2:] == [None, None]
    assert all(row != 2 for row, _ in converted.faults)


def test_faults_name_their_rows_in_order() -> None:
    cells = text("x", "1", None, "inf", "x", "NA")
    assert to_number(cells).faults == ((0, "not-a-number"), (3, "not-finite"), (4, "not-a-number"))


PIECES = ["0", "1", "9", "07", ".", "-", "+", "e", "E", " ", "\t", "\n", "_", ",", "x", "0x"]
WORDS = ["inf", "Infinity", "nan", "NaN", "NA", "null", "Null", "true", "\u0663", "\xa0", str(BIG)]
NUMERIC_TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.tuples(st.sampled_from(["", " ", "-", "+"]), st.sampled_from(WORDS)).map("".join),
    st.integers(-(2**70), 2**70).map(str),
    st.integers(BIG - 5, BIG + 5).map(lambda number: f"{number}.0"),
    st.floats().map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: f"{number:.3f}"),
    st.text(max_size=5),
)


@given(st.lists(st.none() | NUMERIC_TEXTS, min_size=1, max_size=5))
def test_a_column_at_once_is_read_as_its_cells_one_by_one(cells: list[str | None]) -> None:
    for quick, kind, read in (
        (to_number, pa.float64(), read_number),
        (to_integer, pa.int64(), read_integer),
    ):
        one_by_one = to_values(text(*cells), kind, read)
        at_once = quick(text(*cells))
        assert at_once.values.to_pylist() == one_by_one.values.to_pylist()
        assert at_once.faults == one_by_one.faults


@given(NUMERIC_TEXTS)
def test_a_cell_is_read_the_same_alone_and_among_others(cell: str) -> None:
    for convert in (to_number, to_integer):
        alone = convert(text(cell))
        for others in (["1"], ["NA"], ["x", "inf"]):
            among = convert(text(*others, cell))
            assert among.values.to_pylist()[-1:] == alone.values.to_pylist()
            assert [why for row, why in among.faults if row == len(others)] == [
                why for _, why in alone.faults
            ]


@given(NUMERIC_TEXTS)
def test_what_is_read_as_a_number_is_what_python_reads(cell: str) -> None:
    read = outcome(to_number(text(cell)))
    if isinstance(read, float):
        assert read == float(cell)
        assert math.isfinite(read)
        if cell.strip().lstrip("+-").isdigit():
            assert Decimal(cell.strip()) == Decimal(read)


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_that_is_read_is_exact_as_text_and_as_a_parquet_integer(number: int) -> None:
    from_text, from_arrow = to_integer(text(str(number))), to_integer(pa.array([number]))
    assert outcome(from_text) in (number, "not-an-integer")
    assert outcome(from_arrow) == outcome(from_text)
    if abs(number) <= BIG:
        assert outcome(from_text) == number


@given(st.lists(st.none() | st.floats(width=32), max_size=5))
def test_float32_is_widened_exactly_as_numpy_does(numbers: list[float | None]) -> None:
    converted = to_number(pa.array(numbers, pa.float32()))
    bad = {row for row, _ in converted.faults}
    for row, (number, value) in enumerate(zip(numbers, converted.values.to_pylist(), strict=True)):
        if number is None or math.isnan(number):
            assert value is None
        elif math.isinf(number):
            assert row in bad
        else:
            assert value == np.float64(np.float32(number))


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([-999, 8, None]),
        pa.array([-999.0, 8.0, None]),
        pa.array([-999, 8, None], pa.int16()),
        pa.array([Decimal("-999.0"), Decimal("8.0"), None]),
    ],
)
@pytest.mark.parametrize("convert", [to_number, to_integer])
def test_a_null_token_that_is_a_number_is_null_among_numbers(cells: pa.Array, convert: Any) -> None:
    assert convert(cells, ("-999", "?")).values.to_pylist() == [None, 8, None]
    assert convert(cells, ("?",)).values.to_pylist() == [-999, 8, None]
