"""Short forms: a schema from a few columns, a plan for an input, an input aligned to it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from titanic_batch.alignment.apply import Aligned, align
from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.schema import ColumnSchema, Kind, OneHotSource, Scalar, TrainingSchema


def column(name: str, kind: Kind = "number", **fields: Any) -> ColumnSchema:
    return ColumnSchema(name=name, kind=kind, **fields)


def category(name: str, *values: Scalar, **fields: Any) -> ColumnSchema:
    return ColumnSchema(name=name, kind="category", categories=values, **fields)


def plan(
    columns: list[ColumnSchema],
    inputs: list[str] | pa.Schema,
    *,
    one_hot: tuple[OneHotSource, ...] = (),
    **options: Any,
) -> AlignmentPlan:
    """Plan for an input of text columns, or of the columns of an Arrow schema."""
    text_cells = isinstance(inputs, list)
    if text_cells:
        inputs = pa.schema([(name, pa.string()) for name in inputs])
    return plan_alignment(
        TrainingSchema(columns=tuple(columns), one_hot=one_hot),
        inputs,
        AlignmentOptions(**options),
        where="in.csv",
        text_cells=text_cells,
    )


def aligned(
    columns: list[ColumnSchema],
    cells: dict[str, Any],
    *,
    one_hot: tuple[OneHotSource, ...] = (),
    **options: Any,
) -> Aligned:
    """Align cells; lists of text and None stand for a CSV file's columns, arrays for Parquet's."""
    table = pa.table(cells)
    return align(plan(columns, table.schema, one_hot=one_hot, **options), table)


def reasons(result: Aligned) -> list[tuple[int, str, str]]:
    """Return row, column and reason of each fault."""
    return [(fault.index, fault.column, fault.reason) for fault in result.faults]
