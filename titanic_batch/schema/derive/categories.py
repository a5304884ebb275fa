"""Categories of a fitted encoder, as JSON can hold them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from titanic_batch.errors import ModelError
from titanic_batch.schema import Kind, Null, Scalar
from titanic_batch.schema.derive.slots import NullUse, Use


def category_use(
    values: Iterable[Any],
    *,
    imputed: bool,
    accepts_unknown: bool,
    dtype: str | None = None,
    tolerant: bool = False,
) -> Use:
    """Return the use that an encoder with these categories makes of a column.

    Args:
        values: The encoder's categories, a null among them perhaps.
        imputed: Whether nulls were replaced before the encoder.
        accepts_unknown: Whether it has a trained place for other values.
        dtype: The pandas dtype to feed it with, where the values do not say.
        tolerant: Whether a null passes that it does not know.
    """
    known, has_nan, has_none = split_nulls(values)
    if getattr(values, "dtype", None) == np.dtype(object) and not all(
        isinstance(one, str) for one in known
    ):
        dtype = dtype or "object"  # an encoder of numbers as objects fails on an array of numbers
    # An imputer for NaN lets None pass: where the encoder behind it knows None, training had it.
    null_is: Null | None = "None" if has_none and not has_nan else None
    if has_nan or (imputed and not has_none):
        null_is = "NaN"
    null: NullUse = "tolerated" if tolerant else "refused"
    return Use(
        kind=category_kind(known, dtype),
        null="handled" if imputed or has_nan or has_none else null,
        null_is=None if dtype == "category" else null_is,  # pandas holds but one null there
        categories=known,
        accepts_unknown=accepts_unknown,
        dtype=dtype or category_dtype(known),
    )


def split_nulls(values: Iterable[Any]) -> tuple[tuple[Scalar, ...], bool, bool]:
    """Return the values that are no null, whether NaN is among them, and whether None is."""
    known: list[Scalar] = []
    has_nan = has_none = False
    for value in values:
        if value is None:
            has_none = True
        elif isinstance(value, float | np.floating) and np.isnan(value):
            has_nan = True
        else:
            known.append(as_scalar(value))
    return tuple(known), has_nan, has_none


def as_scalar(value: Any) -> Scalar:
    """Return a category or class label as the Python value that it stands for.

    Raises:
        ModelError: for a date, a number with a fixed point, or another type of object.
    """
    # A date's item() may be a bare number of nanoseconds.
    is_date = isinstance(value, np.datetime64 | np.timedelta64)
    plain = value.item() if isinstance(value, np.generic) and not is_date else value
    if isinstance(plain, str | int | float):
        return plain
    raise ModelError(
        f"it knows the value {value!r} of type {type(value).__name__}, and a cell of a file is "
        "text, a number or a boolean",
        hint="Turn that column into text or numbers before the encoder, and train again.",
    )


def category_kind(values: tuple[Scalar, ...], dtype: str | None) -> Kind:
    """Return "boolean" for both booleans, else "category"."""
    # One boolean alone is a category: the other one was never seen.
    booleans = dtype != "category" and all(isinstance(value, bool) for value in values)
    return "boolean" if booleans and len(values) == 2 else "category"


def category_dtype(values: tuple[Scalar, ...]) -> str:
    """Return the pandas dtype of a column that holds these values, empty where they are mixed."""
    if all(isinstance(value, str) for value in values):
        return "str"
    if all(isinstance(value, bool) for value in values):
        return "bool"
    if any(isinstance(value, str | bool) for value in values):
        return "object"
    return "int64" if all(isinstance(value, int) for value in values) else "float64"
