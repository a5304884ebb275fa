"""Lay aligned columns out as the model was fed in training: a frame, or a bare array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from titanic_batch.alignment.apply import Features
from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.alignment.types import is_plain_integer
from titanic_batch.schema import ColumnSchema

#: Dtypes of the arrays that alignment makes.
_PLAIN = ("", "bool", "int64", "float64", "object", "category")


def model_input(
    plan: AlignmentPlan, columns: Sequence[Features]
) -> pd.DataFrame | npt.NDArray[Any]:
    """Return the model's input of shape (n_rows, n_features).

    Args:
        plan: How the model is fed.
        columns: One array of shape (n_rows,) per model column.
    """
    schemas = [column_mapping.column for column_mapping in plan.column_mappings]
    if not plan.named and not any(column.exact for column in schemas):
        return np.column_stack(columns)
    if not plan.named:
        return _bare(schemas, columns)
    series = {
        column.name: _series(column, values)
        for column, values in zip(schemas, columns, strict=True)
    }
    return pd.DataFrame(series, copy=False)


def is_widened(column: ColumnSchema, values: Features) -> bool:
    """Return whether a column is held as objects because nulls may be among its values.

    Training had none in it: its dtype could not hold one.
    """
    no_nulls = column.dtype == "bool" or is_plain_integer(column.dtype)
    return column.exact and values.dtype == object and no_nulls


def _series(column: ColumnSchema, values: Features) -> pd.Series[Any]:
    if column.dtype == "category" and column.categories is not None:
        return pd.Series(pd.Categorical(values, categories=list(column.categories)))
    if is_widened(column, values):
        null = pd.isna(values)
        if null.all() and column.null_value is not None:
            return pd.Series(values.astype(np.float64))  # as pandas holds a column of nulls
        if null.any():
            return pd.Series(values, dtype=object)
        values = values.astype(np.bool_ if column.dtype == "bool" else np.int64)
    if column.exact and column.dtype not in _PLAIN:
        return pd.Series(_in_dtype(column.dtype, values))
    return pd.Series(values, dtype=values.dtype)


def _in_dtype(dtype: str, values: Features) -> Any:
    """Return values in the dtype of training, as code that is not known reads it.

    What is too large for it would wrap around, or be infinite: then their own is kept.
    """
    if dtype.startswith("float"):
        with np.errstate(over="ignore"):
            narrow = values.astype(dtype)
        return narrow if np.array_equal(np.isinf(narrow), np.isinf(values)) else values
    if is_plain_integer(dtype):
        narrow = values.astype(dtype)
        return narrow if np.array_equal(narrow, values) else values
    wide = "Int64" if dtype.lstrip("U").startswith("Int") else dtype
    held: Any = pd.array
    return held(values, dtype=wide)


def _bare(schemas: Sequence[ColumnSchema], columns: Sequence[Features]) -> npt.NDArray[Any]:
    """Return what `to_numpy` made of the training frame: one type that holds all columns."""
    frame = pd.DataFrame(
        {i: _series(*pair) for i, pair in enumerate(zip(schemas, columns, strict=True))}
    )
    kinds = {column.kind for column in schemas}
    if "number" in kinds and kinds <= {"number", "integer"}:
        return frame.to_numpy(dtype=np.float64)  # whole numbers were floats there, null or not
    return frame.to_numpy()
