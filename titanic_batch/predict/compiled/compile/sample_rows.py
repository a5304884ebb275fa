"""Rows to ask scikit-learn about while a plan is made, fed as a run would feed them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.alignment.apply import Features, align
from titanic_batch.alignment.column_mappings import AlignmentPlan, ColumnMapping
from titanic_batch.alignment.readers import value_type_of
from titanic_batch.predict.compiled.plan import CategoryInput, Floats
from titanic_batch.schema import ColumnSchema, Scalar, TrainingSchema

_MAX_WHOLE = 2.0**53


def plain_alignment(schema: TrainingSchema) -> AlignmentPlan:
    """Return the alignment of an input that has the model's own columns, and anything in them."""
    mappings = tuple(
        ColumnMapping(
            column=column,
            source=column.name,
            position=position,
            action="as-is",
            accepts_null=True,
            accepts_unknown=True,
        )
        for position, column in enumerate(schema.columns)
    )
    return AlignmentPlan(column_mappings=mappings, dropped=(), named=schema.named)


def aligned_cells(schema: TrainingSchema, cells: Sequence[pa.Array]) -> tuple[Features, ...]:
    """Return rows as a model is given them, one array of shape (n_rows,) per column.

    Args:
        schema: What the model expects.
        cells: Each column's values, of the type that holds them.
    """
    table = pa.Table.from_arrays(list(cells), [str(at) for at in range(len(cells))])
    return align(plain_alignment(schema), table).features


def usual_cells(schema: TrainingSchema, count: int) -> list[pa.Array]:
    """Return rows that are all alike, for what a plan does not look at."""
    return [
        pa.repeat(pa.scalar(_usual_value(column), value_type_of(column)), count)
        for column in schema.columns
    ]


def numbers_as_cells(column: ColumnSchema, numbers: Floats) -> pa.Array:
    """Return the nearest values that a column can hold, null for NaN."""
    kind = value_type_of(column)
    if pa.types.is_boolean(kind):
        numbers = np.where(np.isnan(numbers), np.nan, numbers > 0.5)
    elif pa.types.is_integer(kind):
        numbers = np.clip(np.floor(numbers), -_MAX_WHOLE, _MAX_WHOLE)
    return pc.cast(pa.array(numbers, from_pandas=True), kind)


def codes_as_cells(
    column: ColumnSchema, one: CategoryInput, codes: npt.NDArray[np.intp]
) -> pa.Array:
    """Return the category that each code stands for, a value that is none, or null."""
    values = [*one.categories, _unknown_value(one.categories), None]
    return pa.array(values, value_type_of(column)).take(pa.array(codes))


def _usual_value(column: ColumnSchema) -> Scalar:
    if column.kind == "category" and column.categories:
        return column.categories[0]
    return {"number": 0.0, "integer": 0, "boolean": False}.get(column.kind, "a")


def _unknown_value(categories: Sequence[Scalar]) -> Scalar | None:
    """Return a value that is none of some categories, of the same type; None where all are."""
    numbers = [value for value in categories if not isinstance(value, str)]
    if numbers:
        return None if isinstance(numbers[0], bool) else max(numbers) + 1
    text = "unknown"
    while text in categories:
        text += "_"
    return text
