"""Which Arrow types can feed which kinds of model column, before any cell is looked at."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as pat

from titanic_batch.alignment.column_mappings import ColumnMapping
from titanic_batch.json_cells import is_json
from titanic_batch.schema import ColumnSchema


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column's values, dictionary encoding removed."""
    return kind.value_type if pat.is_dictionary(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column holds text."""
    return bool(pat.is_string(kind) or pat.is_large_string(kind) or pat.is_string_view(kind))


def is_scalar(values: pa.DataType) -> bool:
    """Return whether some values of a type are texts, numbers or booleans."""
    return bool(
        is_text(values)
        or pat.is_integer(values)
        or pat.is_floating(values)
        or pat.is_decimal(values)
        or pat.is_boolean(values)
        or pat.is_null(values)
        or is_json(values)
    )


def mismatch(kind: pa.DataType, column_mapping: ColumnMapping) -> str | None:
    """Return why no value of a type can feed a model column; None where it can."""
    if is_scalar(value_type(kind)):
        return None
    expected = _plain(column_mapping.column)
    return f"column {column_mapping.source} is {kind}, but the model expects {expected}"


def cast_needed(kind: pa.DataType, column: ColumnSchema) -> bool:
    """Return whether values of a type must be cast to feed a model column."""
    if column.kind in ("number", "integer"):
        return not (pat.is_float64(kind) or (column.kind == "integer" and pat.is_int64(kind)))
    if column.kind == "boolean":
        return not pat.is_boolean(kind)
    if column.kind == "category" and column.categories:
        if all(isinstance(value, str) for value in column.categories):
            return not is_text(value_type(kind))
        if all(isinstance(value, bool) for value in column.categories):
            return not pat.is_boolean(kind)
        return not (pat.is_integer(kind) or pat.is_floating(kind))
    return not is_text(value_type(kind))


def _plain(column: ColumnSchema) -> str:
    return {
        "number": "a number",
        "integer": "a whole number",
        "boolean": "a boolean",
        "category": "one of its categories",
        "text": "text",
    }[column.kind]


def is_plain_integer(dtype: str) -> bool:
    """Return whether a pandas dtype is one of numpy's for whole numbers, which holds no null."""
    return dtype.removeprefix("u").startswith("int")
