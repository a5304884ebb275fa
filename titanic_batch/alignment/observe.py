"""Observe what a chunk's cells are where they are no plain values: nulls, unknown categories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.alignment.coded import codes_of
from titanic_batch.alignment.column_mappings import ColumnMapping, TypedColumn
from titanic_batch.alignment.convert import Converted, Faulty
from titanic_batch.alignment.counts import NO_CELLS, NO_ROWS, Cells, Observations, Rows
from titanic_batch.alignment.readers import BOOLEAN_NUMBERS, reader_of
from titanic_batch.alignment.types import is_text
from titanic_batch.arrow_arrays import array_of, array_of_list, numpy_of
from titanic_batch.json_cells import distinct_values, is_json, plain_texts
from titanic_batch.schema import Scalar


def observe(
    column_mapping: ColumnMapping,
    cells: pa.Array,
    converted: Converted,
    *,
    read: ColumnMapping,
    plain: pa.Array,
) -> Observations:
    """Return where the cells of a model column were not plain values.

    Args:
        column_mapping: How it is fed.
        cells: As the input holds them.
        converted: The values that they were read as.
        read: The mapping that read them,
        plain: and the cells that it was given: numbers are written in one way only.
    """
    unreadable = [row for row, reason in converted.faults if reason != "unknown-category"]
    nulls = _empty_rows(converted)
    name = column_mapping.column.name
    rows = _unknown_rows(read, plain, converted)
    if is_json(cells.type):
        cells = plain_texts(cells)
    return Observations(
        column=name,
        fills=column_mapping.fill is not None,
        source=column_mapping.source if column_mapping.one_hot is not None else name,
        nulls=nulls,
        unreadable=np.array(unreadable, np.int64) if unreadable else NO_ROWS,
        unknown=_cells_of(cells, rows),
        tokens=_tokens(cells, nulls),
        doubtful=_doubtful(column_mapping, cells),
        spelt=_spelt(column_mapping, cells, converted),
        booleans=_booleans(read, plain, converted),
    )


def observe_typed(column: TypedColumn, cells: pa.Array, converted: Converted) -> Observations:
    """Return where the cells of a kept column were no plain values; nulls are its own affair."""
    nulls = _empty_rows(converted)
    if is_json(cells.type):
        cells = plain_texts(cells)
    return Observations(
        column=column.name,
        fills=False,
        source=column.name,
        nulls=NO_ROWS,
        unreadable=np.array([row for row, _ in converted.faults], np.int64),
        tokens=_tokens(cells, nulls),
    )


def _cells_of(cells: pa.Array, rows: Rows) -> Cells:
    return Cells(rows=rows, values=cells.take(array_of(rows))) if rows.size else NO_CELLS


def _tokens(cells: pa.Array, nulls: Rows) -> Cells:
    """Return which of the null cells hold something."""
    if not nulls.size:
        return NO_CELLS
    held = pc.invert(pc.is_null(cells.take(array_of(nulls)), nan_is_null=True))
    return _cells_of(cells, nulls[numpy_of(held)])


def _doubtful(column_mapping: ColumnMapping, cells: pa.Array) -> Cells:
    if not column_mapping.doubtful_tokens or (
        column_mapping.rejects_doubtful and column_mapping.column.kind == "category"
    ):
        return NO_CELLS
    texts = array_of_list(column_mapping.doubtful_tokens, cells.type)
    found = numpy_of(pc.is_in(cells, value_set=texts))
    return _cells_of(cells, np.flatnonzero(found))


def _spelt(column_mapping: ColumnMapping, cells: pa.Array, converted: Converted) -> Cells:
    """Return the cells of a one-hot column's own value, where it may be that of two spellings."""
    if not column_mapping.one_hot_underscored or "_" not in (column_mapping.one_hot or ""):
        return NO_CELLS
    own = numpy_of(pc.equal(converted.values, 1).fill_null(False))
    return _cells_of(cells, np.flatnonzero(own))


def _booleans(column_mapping: ColumnMapping, cells: pa.Array, converted: Converted) -> Rows:
    """Return the rows whose number is written as true or false."""
    # Where no cell was looked at by itself, all were written as numbers.
    if not column_mapping.takes_booleans or converted.distinct is None:
        return NO_ROWS
    kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
    if pa.types.is_boolean(kind):
        return np.flatnonzero(pc.is_valid(cells).to_numpy(zero_copy_only=False))
    if not is_text(kind):
        return NO_ROWS
    texts = pc.ascii_lower(pc.cast(cells, pa.large_string()))
    found = pc.is_in(texts, value_set=pa.array(BOOLEAN_NUMBERS, pa.large_string()))
    found = pc.and_(found, pc.is_valid(converted.values))
    return np.flatnonzero(found.to_numpy(zero_copy_only=False))


def _unknown_rows(column_mapping: ColumnMapping, cells: pa.Array, converted: Converted) -> Rows:
    """Return the rows with values that the model never saw, whether they are let through or not."""
    rejected = [row for row, reason in converted.faults if reason == "unknown-category"]
    encoded = column_mapping.one_hot is not None or (
        column_mapping.column.categories and column_mapping.mapping is None
    )
    if not column_mapping.accepts_unknown or not encoded:
        return np.array(rejected, np.int64) if rejected else NO_ROWS
    strict = reader_of(replace(column_mapping, accepts_unknown=False))
    values, indices = distinct_values(cells)
    unknown = [not isinstance(one, dict | list) and _is_unknown(strict(one)) for one in values]
    if not rejected and not any(unknown):
        return NO_ROWS
    codes = codes_of(indices, len(unknown))
    found = np.array([*unknown, _is_unknown(strict(None))])[codes]
    found[rejected] = True
    result: Rows = np.flatnonzero(found)
    return result


def _is_unknown(result: Scalar | Faulty | None) -> bool:
    return isinstance(result, Faulty) and result.reason == "unknown-category"


def _empty_rows(converted: Converted) -> Rows:
    """Return the rows whose cell is null, faulty cells not among them."""
    if converted.values.null_count == 0:
        return NO_ROWS
    null = numpy_of(pc.is_null(converted.values, nan_is_null=True))
    if converted.faults:
        null = null.copy()
        null[[row for row, _ in converted.faults]] = False
    return np.flatnonzero(null)
