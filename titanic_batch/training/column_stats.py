"""Statistics of one training column: its kind, range, quantiles, shares and nulls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from titanic_batch.bins import count_in_ranges, inner_edges
from titanic_batch.errors import ModelError
from titanic_batch.schema.derive.categories import as_scalar, category_dtype

if TYPE_CHECKING:
    from titanic_batch.schema import ColumnSchema, Kind, Null, Scalar

#: Text with more distinct values than this is read as free text: a list that long is no set that
#: a person keeps complete, and each new value would be a reject.
MAX_CATEGORIES = 50

#: For the same reason, text whose values do not come back at least this often on average.
MIN_ROWS_PER_CATEGORY = 5


def describe(
    column: ColumnSchema, values: pd.Series[Any], *, opaque: bool, listed: bool = False
) -> ColumnSchema:
    """Return `column` with what its training values show.

    Args:
        column: What the estimator says of it.
        values: The column in the training data.
        opaque: Whether the estimator shows nothing of the column, so that its kind is to be read
            from the data.
        listed: Whether the estimator takes it for categories, without saying which.
    """
    if listed:
        column = _listed(column, values)
    elif opaque:
        column = _from_data_alone(column, values)
    column = replace(
        column, null=column.null or _null_of(values), null_rate=float(values.isna().mean())
    )
    if column.categories is not None:
        return replace(column, frequencies=_frequencies(column.categories, values))
    if column.kind in ("number", "integer", "boolean"):
        return _with_numbers(column, values)
    return replace(column, dtype=column.dtype or _text_dtype(values))


def distinct(values: pd.Series[Any]) -> tuple[Scalar, ...]:
    """Return the sorted distinct values, nulls left out."""
    return tuple(sorted((as_scalar(value) for value in values.dropna().unique()), key=_sort_key))


def is_text(values: pd.Series[Any]) -> bool:
    """Return whether a column holds text rather than numbers or booleans."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.cat.categories.to_series()
    if values.dtype == object:
        return any(isinstance(value, str) for value in values)
    return isinstance(values.dtype, pd.StringDtype)


def _sort_key(value: Scalar) -> tuple[bool, Scalar]:
    return isinstance(value, str), value


def _from_data_alone(column: ColumnSchema, values: pd.Series[Any]) -> ColumnSchema:
    if isinstance(values.dtype, pd.CategoricalDtype):
        known = tuple(as_scalar(value) for value in values.cat.categories)
        return replace(column, kind="category", dtype="category", categories=known)
    if not is_text(values):
        return replace(column, kind="number")
    known = distinct(values)
    if not all(isinstance(value, str) for value in known):
        raise ModelError(
            f"the training data holds text and other values in column {column.name}",
            hint="Give the file that the model was trained on, with one type in each column.",
        )
    few = len(known) <= min(MAX_CATEGORIES, values.count() / MIN_ROWS_PER_CATEGORY)
    if few:
        return replace(column, kind="category", dtype=_text_dtype(values), categories=known)
    return replace(column, kind="text", dtype=_text_dtype(values))


def _listed(column: ColumnSchema, values: pd.Series[Any]) -> ColumnSchema:
    known = distinct(values)
    if isinstance(values.dtype, pd.CategoricalDtype):
        # They must be there in the model's own order.
        known = tuple(as_scalar(value) for value in values.cat.categories)
        dtype = "category"
    else:
        dtype = category_dtype(known)
    return replace(column, kind="category", dtype=dtype, categories=known)


def _text_dtype(values: pd.Series[Any]) -> str:
    return str(values.dtype) if isinstance(values.dtype, pd.StringDtype) else "object"


def _null_of(values: pd.Series[Any]) -> Null:
    holds_none = values.dtype == object and any(value is None for value in values)
    return "None" if holds_none else "NaN"


def _with_numbers(column: ColumnSchema, values: pd.Series[Any]) -> ColumnSchema:
    if is_text(values):
        # Encoded by hand before the model saw it: the file shows what it was made from.
        return column
    seen = distinct(values)
    if seen and all(isinstance(value, bool) for value in seen):
        return replace(column, kind="boolean", dtype=str(values.dtype))
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return replace(column, dtype=column.dtype or "float64")
    deciles = [float(value) for value in np.quantile(finite, np.linspace(0.0, 1.0, 11))]
    counts = count_in_ranges(finite, inner_edges(deciles))
    kind, dtype = _number_type(values)
    return replace(
        column,
        kind=kind,
        dtype=dtype,
        minimum=float(finite.min()),
        maximum=float(finite.max()),
        quantiles=tuple(deciles),
        shares=tuple(float(count) for count in counts / len(finite)),
        binary=set(np.unique(finite)) == {0.0, 1.0},
    )


def _number_type(values: pd.Series[Any]) -> tuple[Kind, str]:
    """Return the kind of a column of numbers, and the dtype that it is fed in."""
    if pd.api.types.is_extension_array_dtype(values.dtype):  # Int64 and its like, with pd.NA
        whole = pd.api.types.is_integer_dtype(values.dtype)
        return ("integer" if whole else "number"), str(values.dtype)
    if values.dtype == object:  # whole numbers that no dtype holds
        whole = all(isinstance(value, int) for value in values.dropna())
        return ("integer" if whole else "number"), "object"
    if pd.api.types.is_integer_dtype(values.dtype):
        return "integer", str(values.dtype)
    return "number", str(values.dtype) if values.dtype.kind == "f" else "float64"


def holds_whole_floats(values: pd.Series[Any]) -> bool:
    """Return whether a column of floats holds whole numbers, none of them -0.0, and nulls only."""
    if values.dtype != np.float64:
        return False
    numbers = values.dropna().to_numpy()
    negative_zero = (numbers == 0) & np.signbit(numbers)
    return bool((numbers == np.floor(numbers)).all() and not negative_zero.any())


def _frequencies(
    categories: tuple[Scalar, ...], values: pd.Series[Any]
) -> tuple[float, ...] | None:
    """Return the share of each category among the values that are no null.

    None where none of them is a known category: the file then writes them in another way.
    """
    present = values.dropna()
    counts = {as_scalar(value): int(count) for value, count in present.value_counts().items()}
    known = [counts.get(category, 0) for category in categories]
    if not sum(known):
        return None
    return tuple(count / len(present) for count in known)
