"""Turn aligned columns into what a plan reads: numbers with NaN for null, or categories' codes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from titanic_batch.alignment.apply import Column, Features
from titanic_batch.alignment.coded import CodedColumn, codes_of
from titanic_batch.predict.compiled.kernels import Values
from titanic_batch.predict.compiled.plan import CategoryInput, Floats, NumberInput
from titanic_batch.schema import Scalar


def encode(
    inputs: Sequence[NumberInput | CategoryInput], columns: Sequence[Column]
) -> tuple[list[Values], npt.NDArray[np.bool_]]:
    """Return each input's values, and which rows scikit-learn would raise on.

    Args:
        inputs: What is read.
        columns: One array of shape (n_rows,) per model column.
    """
    values: list[Values] = []
    refused = np.zeros(len(columns[0]) if columns else 0, dtype=bool)
    for one in inputs:
        if isinstance(one, NumberInput):
            numbers = _numbers(columns[one.column])
            if len(numbers) and not (one.low <= numbers.min() and numbers.max() <= one.high):
                null = np.isnan(numbers)
                refused |= (numbers < one.low) | (numbers > one.high)
                if one.refuses_null:
                    refused |= null
            values.append(numbers)
        else:
            codes = _codes(one, columns[one.column])
            for code in one.refused:
                refused |= codes == code
            values.append(codes)
    return values, refused


def _numbers(column: Column) -> Floats:
    if isinstance(column, CodedColumn):
        return _numbers(column.objects).take(column.codes)
    if column.dtype == np.float64:
        return column
    if column.dtype == object:  # booleans or whole numbers, beside nulls
        return np.array([np.nan if value is None else float(value) for value in column.tolist()])
    return column.astype(np.float64)


def _codes(one: CategoryInput, column: Column) -> npt.NDArray[np.intp]:
    if isinstance(column, CodedColumn):
        return _codes_of_objects(one, column.objects.tolist()).take(column.codes)
    if column.dtype != object:
        return _codes_of_numbers(one, column)
    try:
        encoded = pa.array(column, from_pandas=True).dictionary_encode()
    except pa.ArrowException:  # of several types
        return _codes_of_objects(one, column.tolist())
    found = _codes_of_objects(one, [*encoded.dictionary.to_pylist(), None])
    return found.take(codes_of(encoded.indices, len(found) - 1))


def _codes_of_objects(one: CategoryInput, values: Sequence[object]) -> npt.NDArray[np.intp]:
    return np.array([_code(one, value) for value in values], dtype=np.intp)


def _codes_of_numbers(one: CategoryInput, column: Features) -> npt.NDArray[np.intp]:
    numbers = column.astype(np.float64)
    order = _order(one.categories)
    codes = np.full(len(numbers), one.unknown, dtype=np.intp)
    if len(order):
        known = np.array([float(one.categories[at]) for at in order])
        places = np.searchsorted(known, numbers).clip(max=len(known) - 1)
        same = known[places] == numbers
        codes[same] = order[places[same]]
    codes[np.isnan(numbers)] = one.null
    return codes


@cache
def _order(categories: tuple[Scalar, ...]) -> npt.NDArray[np.intp]:
    """Return the positions of the categories that are numbers, the smallest first."""
    numbers = [at for at, value in enumerate(categories) if not isinstance(value, str)]
    return np.array(sorted(numbers, key=lambda at: float(categories[at])), dtype=np.intp)


def _code(one: CategoryInput, value: object) -> int:
    if value is None or value != value:  # noqa: PLR0124  # NaN
        return one.null
    found = _positions(one.categories).get(value)
    return one.unknown if found is None else found


@cache
def _positions(categories: tuple[Scalar, ...]) -> dict[object, int]:
    return {value: code for code, value in enumerate(categories)}
