"""What training data shows of one column: its kind, range, quantiles, shares and nulls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from titanic_batch.bins import count_in_ranges, inner_edges
from titanic_batch.models.derive.categories import as_scalar

if TYPE_CHECKING:
    from titanic_batch.schema import ColumnSchema, Scalar

#: Text with more distinct values than this is read as free text: a list that long is no set that
#: a person keeps complete, and each new value would be a reject.
MAX_CATEGORIES = 50

#: For the same reason, text whose values do not come back at least this often on average.
MIN_ROWS_PER_CATEGORY = 5


def describe(column: ColumnSchema, values: pd.Series[Any], *, opaque: bool) -> ColumnSchema:
    """Return `column` with what its training values show.

    Args:
        column: What the estimator says of it.
        values: The column in the training data.
        opaque: Whether the estimator shows nothing of the column, so that its kind is to be read
            from the data.
    """
    if opaque:
        column = _from_data_alone(column, values)
    column = replace(column, null_rate=float(values.isna().mean()))
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
    few = len(known) <= min(MAX_CATEGORIES, values.count() / MIN_ROWS_PER_CATEGORY)
    if few and all(isinstance(value, str) for value in known):
        return replace(column, kind="category", dtype=_text_dtype(values), categories=known)
    return replace(column, kind="text", dtype=_text_dtype(values))


def _text_dtype(values: pd.Series[Any]) -> str:
    # None and NaN are two nulls to scikit-learn; a column that held None is fed None again.
    holds_none = values.dtype == object and any(value is None for value in values)
    return "object" if holds_none else "str"


def _with_numbers(column: ColumnSchema, values: pd.Series[Any]) -> ColumnSchema:
    if is_text(values):
        # Encoded by hand before the model saw it: the file shows what it was made from.
        return column
    seen = distinct(values)
    if seen and all(isinstance(value, bool) for value in seen):
        return replace(column, kind="boolean", dtype="bool")
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return replace(column, dtype=column.dtype or "float64")
    whole = pd.api.types.is_integer_dtype(values.dtype) and not values.isna().any()
    deciles = [float(value) for value in np.quantile(finite, np.linspace(0.0, 1.0, 11))]
    counts = count_in_ranges(finite, inner_edges(deciles))
    return replace(
        column,
        kind="integer" if whole else "number",
        dtype="int64" if whole else "float64",
        minimum=float(finite.min()),
        maximum=float(finite.max()),
        quantiles=tuple(deciles),
        shares=tuple(float(count) for count in counts / len(finite)),
    )


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
