"""A file's rows as a client would send them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.chunk.task import FileContext
from titanic_batch.json_cells import NESTED, values_of
from titanic_batch.sources.base import Chunk


def records_of(context: FileContext, chunk: Chunk) -> list[tuple[int, dict[str, Any]]]:
    """Return the chunk's readable rows as a client would send them, with their row numbers."""
    parsed = context.parser.parse(chunk)
    cells = _scalars(_with_plain_numbers(parsed.cells, context.alignment), context.alignment)
    indices = range(cells.num_rows) if parsed.rows is None else parsed.rows.tolist()
    numeric = _numeric_columns(context.alignment)
    return [
        (
            chunk.first_row + index,
            {name: _json_value(value, name in numeric) for name, value in row.items()},
        )
        for index, row in zip(indices, _rows(cells), strict=True)
    ]


def _rows(cells: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in cells.to_batches(max_chunksize=1024):
        columns = [values_of(column) for column in batch.columns]
        for values in zip(*columns, strict=True):
            yield dict(zip(batch.schema.names, values, strict=True))


def _scalars(cells: pa.Table, plan: AlignmentPlan) -> pa.Table:
    """Leave out columns of objects and lists, which no client can send, but for the model's own."""
    own = {column_mapping.source for column_mapping in plan.column_mappings}
    return cells.select([one.name for one in cells.schema if one.type != NESTED or one.name in own])


def _with_plain_numbers(cells: pa.Table, plan: AlignmentPlan) -> pa.Table:
    """Return cells with the numbers of model columns as JSON has them."""
    for column_mapping in plan.column_mappings:
        if not column_mapping.numbers.is_plain:
            at = column_mapping.position
            column = cells.column(at).combine_chunks()
            plain = pc.cast(column_mapping.numbers.plain(column), pa.string())
            cells = cells.set_column(at, cells.column_names[at], plain)
    return cells


def _numeric_columns(plan: AlignmentPlan) -> set[str]:
    """Return the input columns whose cells are numbers to the model."""
    return {
        column_mapping.source
        for column_mapping in plan.column_mappings
        if column_mapping.mapping is None
        and column_mapping.one_hot is None
        and (
            column_mapping.column.kind in ("number", "integer")
            or any(type(value) in (int, float) for value in column_mapping.column.categories or ())
        )
    }


def _json_value(value: Any, numeric: bool) -> Any:
    """Return a cell as JSON: the text of a number as that number, what JSON lacks as text."""
    if isinstance(value, str):
        return _number(value) if numeric else value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    return str(value)


def _number(text: str) -> Any:
    try:
        number = json.loads(text)
    except ValueError:
        return text
    if type(number) is float:
        return number if math.isfinite(number) else text
    return number if type(number) is int else text
