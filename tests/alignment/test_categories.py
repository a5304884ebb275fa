from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.alignment.planning import aligned, category, column, reasons

SEX = category("Sex", "female", "male")
PCLASS = category("Pclass", 1, 2, 3)


@pytest.mark.parametrize("cell", [" male", "male ", "Male", "MALE", "m", "0", "NA", "NaN", "null"])
def test_a_text_category_is_met_by_its_exact_text_only(cell: str) -> None:
    result = aligned([SEX], {"Sex": ["male", cell]})
    assert reasons(result) == [(1, "Sex", "unknown-category")]
    assert result.counts.unknown == {"Sex": Counter({cell: 1})}


@pytest.mark.parametrize("value", ["Null", "null", "NA", "1", "1.0", " x", "True"])
def test_any_text_can_be_a_category(value: str) -> None:
    result = aligned([category("c", value, "other")], {"c": [value]})
    assert reasons(result) == []
    assert result.features[0].tolist() == [value]


@pytest.mark.parametrize("cell", ["3", "3.0", " 3", "+3", "03", "3e0", "30e-1"])
def test_a_number_category_is_met_by_any_spelling_of_its_value(cell: str) -> None:
    result = aligned([PCLASS], {"Pclass": [cell, "1"]})
    assert reasons(result) == []
    assert result.features[0].tolist() == [3, 1]
    assert result.features[0].dtype == np.int64


@pytest.mark.parametrize("cell", ["4", "3.5", "x", "inf", "1e19", "true", str(2**53 + 1)])
def test_another_number_or_none_at_all_is_an_unknown_category(cell: str) -> None:
    result = aligned([PCLASS], {"Pclass": [cell]})
    assert reasons(result) == [(0, "Pclass", "unknown-category")]


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([3, 1], pa.int8()),
        pa.array([3, 1], pa.uint64()),
        pa.array([3, 1], pa.float32()),
        pa.array([3, 1], pa.float64()),
        pa.array([Decimal("3.00"), Decimal("1.00")]),
        pa.array(["3", "1"], pa.large_string()),
        pa.array(["3", "1"]).dictionary_encode(),
        pa.array([3, 1]).dictionary_encode(),
    ],
)
def test_number_categories_are_met_by_every_arrow_type(cells: pa.Array) -> None:
    result = aligned([PCLASS], {"Pclass": cells})
    assert reasons(result) == []
    assert result.features[0].tolist() == [3, 1]


def test_text_categories_that_are_digits_are_met_by_whole_numbers() -> None:
    for cells in (pa.array([3, 1]), pa.array([3.0, 1.0]), pa.array([3, 1]).dictionary_encode()):
        result = aligned([category("Pclass", "1", "3")], {"Pclass": cells})
        assert result.features[0].tolist() == ["3", "1"]
    assert reasons(aligned([category("c", "3")], {"c": pa.array([3.5])})) == [
        (0, "c", "unknown-category")
    ]


def test_boolean_categories_are_met_by_their_spellings() -> None:
    one = category("c", True)
    result = aligned([one], {"c": ["true", "1", "False", "0", "x"]})
    assert result.features[0].tolist()[:2] == [True, True]
    assert reasons(result) == [
        (2, "c", "unknown-category"),
        (3, "c", "unknown-category"),
        (4, "c", "not-a-boolean"),
    ]


@pytest.mark.parametrize(
    "cells", [["female", "x", "x", None], pa.array(["female", "x", "x", None])]
)
def test_an_unknown_value_that_is_allowed_reaches_the_model_and_is_counted(cells: Any) -> None:
    result = aligned([SEX], {"Sex": cells}, unknown={"Sex": "allow"})
    assert reasons(result) == [(3, "Sex", "missing-value")]
    assert result.features[0].tolist()[:3] == ["female", "x", "x"]
    assert result.counts.unknown == {"Sex": Counter({"x": 2})}


def test_an_encoders_own_bucket_takes_unknown_values_and_they_are_counted() -> None:
    sex = category("Sex", "female", "male", accepts_unknown=True)
    result = aligned([sex], {"Sex": ["female", "x"]})
    assert reasons(result) == []
    assert result.counts.unknown == {"Sex": Counter({"x": 1})}


def test_an_allowed_unknown_still_has_the_type_of_the_categories() -> None:
    result = aligned([PCLASS], {"Pclass": ["4", "x", "3.5", "1e19"]}, unknown={"*": "allow"})
    assert result.features[0].tolist()[0] == 4
    assert [reason for _, _, reason in reasons(result)] == [
        "not-a-number",
        "not-an-integer",
        "not-an-integer",
    ]


def test_empty_cells_and_null_tokens_are_null_in_every_kind() -> None:
    columns = [
        SEX,
        PCLASS,
        column("n"),
        column("i", "integer"),
        column("b", "boolean"),
        column("t", "text"),
    ]
    cells = {name: [None, "?"] for name in ("Sex", "Pclass", "n", "i", "b", "t")}
    result = aligned(columns, cells, null_tokens=("?",))
    assert {reason for _, _, reason in reasons(result)} == {"missing-value"}
    assert result.counts.nulls == Counter(dict.fromkeys(cells, 2))


def test_a_null_that_training_had_reaches_the_model_as_nan_or_as_the_none_it_knew() -> None:
    nan = category("a", "x", accepts_null=True, dtype="str")
    none = category("b", "x", accepts_null=True, dtype="object")
    result = aligned([nan, none], {"a": [None, "x"], "b": [None, "x"]})
    assert reasons(result) == []
    assert np.isnan(result.features[0][0])
    assert result.features[1].tolist() == [None, "x"]


@pytest.mark.parametrize(
    ("wanted", "cell", "filled"),
    [
        (column("c"), "1.5", 28.0),
        (column("c", "integer"), "1", 28),
        (column("c", "text"), "x", "28"),
        (category("c", 1, 28), "1", 28),
        (category("c", "x", "28"), "x", "28"),
        (column("c", "boolean"), "true", False),
    ],
)
@pytest.mark.parametrize("others", [[], ["no such value"]])
def test_a_fill_replaces_nulls_and_only_nulls(
    wanted: Any, cell: str, filled: object, others: list[str]
) -> None:
    fill = {"c": "false" if wanted.kind == "boolean" else "28"}
    result = aligned([wanted], {"c": [None, cell, *others]}, fill=fill)
    assert result.features[0].tolist()[0] == filled
    assert all(row > 1 for row, _, _ in reasons(result))
    assert (result.counts.nulls["c"], result.counts.filled["c"]) == (1, 1)
    assert result.typed["c"].to_pylist()[0] is None  # what is kept is not what was filled


@pytest.mark.parametrize("kind", ["number", "integer", "boolean", "text"])
def test_a_null_is_rejected_accepted_or_filled_but_never_lost(kind: Any) -> None:
    cells = {"c": [None, "1"]}
    assert reasons(aligned([column("c", kind)], cells)) == [(0, "c", "missing-value")]
    allowed = aligned([column("c", kind)], cells, allow_null=frozenset({"c"}))
    assert reasons(allowed) == []
    assert np.isnan(allowed.features[0][0])
    assert allowed.counts.nulls == Counter({"c": 1})


def test_allowed_nulls_beside_integers_above_float_precision_are_no_crash() -> None:
    cells = {"c": [str(2**53 + 2), None]}
    result = aligned([column("c", "integer", accepts_null=True)], cells)
    assert result.features[0].tolist()[0] == 2**53 + 2


def test_a_dictionary_as_full_as_its_codes_allow_is_read() -> None:
    values = [f"v{code}" for code in range(128)]
    codes = pa.array([*range(128), None], pa.int8())
    cells = pa.DictionaryArray.from_arrays(codes, pa.array(values))
    result = aligned([category("c", *values, accepts_null=True)], {"c": cells})
    assert result.features[0].tolist()[:128] == values
    assert np.isnan(result.features[0][128])


def test_dtypes_depend_on_the_plan_and_never_on_the_cells() -> None:
    columns = [
        column("n"),
        column("i", "integer"),
        column("ni", "integer", accepts_null=True),
        column("b", "boolean"),
        SEX,
        PCLASS,
    ]
    names = ["n", "i", "ni", "b", "Sex", "Pclass"]
    rows: list[list[str | None]] = [
        ["1", "1", "1", "1", "male", "1"],
        ["1.5", "1.0", None, "true", "female", "3.0"],
        [None, None, None, None, None, None],
        ["x", "x", "x", "x", "x", "x"],
    ]
    found = {
        tuple(str(values.dtype) for values in aligned(columns, cells).features)
        for row in rows
        for cells in [dict(zip(names, ([cell] for cell in row), strict=True))]
    }
    assert found == {("float64", "int64", "float64", "bool", "object", "int64")}
