"""A line of JSON reads back, by Python's own json, as the row that it was written of."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from titanic_batch.errors import DataError
from titanic_batch.json_cells import NESTED
from titanic_batch.sinks.jsonl_sink import JsonlEncoder


def written(table: pa.Table) -> list[dict[str, Any]]:
    content = JsonlEncoder().encode(table)
    lines = content.split(b"\n")
    assert lines.pop() == b""
    return [json.loads(line, parse_constant=pytest.fail) for line in lines]


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "f": st.floats(allow_infinity=False, allow_nan=False) | st.none(),
                "i": st.integers(-(2**63), 2**63 - 1) | st.none(),
                't"\\': _TEXTS | st.none(),
                "b": st.booleans() | st.none(),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_values_read_back_as_they_were(rows: list[dict[str, Any]]) -> None:
    kinds = [("f", pa.float64()), ("i", pa.int64()), ('t"\\', pa.string()), ("b", pa.bool_())]
    found = written(pa.Table.from_pylist(rows, pa.schema(kinds)))
    assert found == rows
    for row, line in zip(rows, found, strict=True):
        assert list(line) == [name for name, _ in kinds]
        assert all(type(line[name]) is type(value) for name, value in row.items())
        if row["f"] is not None:
            assert math.copysign(1, line["f"]) == math.copysign(1, row["f"])


def test_what_json_has_no_type_for_is_text() -> None:
    nested = pa.ExtensionArray.from_storage(NESTED, pa.array(['{"a":[1]}'], pa.large_string()))
    table = pa.table(
        {
            "day": [dt.date(1912, 4, 15)],
            "time": pa.array([-1_821_303_600_000], pa.timestamp("ms")),
            "price": [decimal.Decimal("7.2500")],
            "class": pa.array(["first"]).dictionary_encode(),
            "struct": [{"x": dt.date(1912, 4, 15), "y": math.nan, "z": [1, None]}],
            "json": nested,
            "nothing": pa.nulls(1),
            "nan": [math.nan],
            "small": pa.array([0.1], pa.float32()),
        }
    )
    assert written(table) == [
        {
            "day": "1912-04-15",
            "time": "1912-04-15 02:20:00.000",
            "price": 7.25,
            "class": "first",
            "struct": {"x": "1912-04-15", "y": None, "z": [1, None]},
            "json": {"a": [1]},
            "nothing": None,
            "nan": None,
            "small": 0.1,
        }
    ]
    assert written(table.select([]).slice(0, 0)) == []


@pytest.mark.parametrize("value", [math.inf, -math.inf, [math.inf]])
def test_what_is_infinite_is_refused(value: Any) -> None:
    with pytest.raises(DataError, match="column x holds an infinite number"):
        written(pa.table({"x": [value]}))
