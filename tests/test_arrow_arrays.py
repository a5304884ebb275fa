"""Arrays are made as pyarrow makes them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from titanic_batch.arrow_arrays import array_of, array_of_list, numpy_of, scalar_of

LISTS = [
    ([], pa.string()),
    (["a", None, "ü,"], pa.string()),
    ([None, None], pa.string()),
    ([True, None, False] * 5, pa.bool_()),
    ([1, None, -3], pa.int64()),
    ([1, None, 2.5, float("nan")], pa.float64()),
    ([2**63 - 1, None], pa.int64()),
    ([1, 2], pa.int8()),
    ([1.5], pa.int64()),
    (["a"], pa.large_string()),
]
ARRAYS: list[Any] = [
    np.arange(20)[::3],
    np.linspace(0, 1, 9),
    np.array([np.nan, -0.0]),
    np.arange(17) % 3 == 0,
    np.array([], bool),
    np.array(["a", "b"], object),
    np.arange(3, dtype=np.int8),
]


@pytest.mark.parametrize(("values", "kind"), LISTS)
def test_a_list_becomes_what_pyarrow_makes_of_it(values: list[Any], kind: pa.DataType) -> None:
    found = array_of_list(values, kind)
    found.validate(full=True)
    assert str(found) == str(pa.array(values, kind))
    assert found.type == kind
    assert found.null_count == values.count(None)
    for value in values[:2]:
        assert scalar_of(value, kind).equals(pa.scalar(value, kind))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1], pa.string()),
        ([2**64], pa.int64()),
        ([True], pa.string()),
        ([2**53 + 2], pa.float64()),
    ],
)
def test_what_pyarrow_refuses_is_refused(values: list[Any], kind: pa.DataType) -> None:
    with pytest.raises((pa.ArrowException, OverflowError)):
        pa.array(values, kind)
    with pytest.raises((pa.ArrowException, OverflowError)):
        array_of_list(values, kind)


@pytest.mark.parametrize("values", ARRAYS, ids=lambda values: str(values.dtype))
def test_an_array_goes_there_and_back(values: Any) -> None:
    found = array_of(values)
    found.validate(full=True)
    assert str(found) == str(pa.array(values))
    np.testing.assert_array_equal(numpy_of(found), values)
    np.testing.assert_array_equal(numpy_of(found[1:]), values[1:])


@pytest.mark.parametrize(("values", "kind"), LISTS)
def test_nulls_become_what_to_numpy_makes_of_them(values: list[Any], kind: pa.DataType) -> None:
    array = pa.array([*values, *values, *values], kind)
    for part in (array, array[len(values) - 1 :], array[1:2]):
        wanted = part.to_numpy(zero_copy_only=False)
        assert numpy_of(part).dtype == wanted.dtype
        np.testing.assert_array_equal(numpy_of(part), wanted)


def test_pandas_is_not_imported() -> None:
    code = (
        "import sys, numpy as np, pyarrow as pa\n"
        "from titanic_batch.arrow_arrays import *\n"
        "for values, kind in (['a', None], pa.string()), ([1, None], pa.int64()):\n"
        "    array_of_list(values, kind), scalar_of(values[0], kind)\n"
        "numpy_of(array_of(np.arange(3.0))), numpy_of(array_of(np.arange(3) > 1))\n"
        "numpy_of(array_of_list([1, None], pa.int64()))\n"
        "sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
