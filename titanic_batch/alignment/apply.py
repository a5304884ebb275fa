"""Apply an alignment plan to one chunk: model columns on one side, faults on the other."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.alignment.coded import CodedColumn, codes_of, decoded
from titanic_batch.alignment.column_mappings import AlignmentPlan, ColumnMapping, TypedColumn
from titanic_batch.alignment.convert import (
    MAX_EXACT_INTEGER,
    Converted,
    Faulty,
    read_integer,
    read_number,
    to_boolean,
    to_integer,
    to_number,
    to_text,
    to_values,
    without_tokens,
)
from titanic_batch.alignment.counts import (
    AlignmentCounts,
    Observations,
    count,
)
from titanic_batch.alignment.kept_types import convert_typed
from titanic_batch.alignment.number_format import PLAIN_NUMBERS
from titanic_batch.alignment.observe import observe, observe_typed
from titanic_batch.alignment.readers import (
    boolean_reader,
    one_hot_of_null,
    reader_of,
    value_type_of,
    without_booleans,
)
from titanic_batch.alignment.types import is_plain_integer
from titanic_batch.arrow_arrays import numpy_of, scalar_of
from titanic_batch.faults import Fault, Reason
from titanic_batch.json_cells import is_json
from titanic_batch.schema import ColumnSchema

Features = npt.NDArray[Any]
#: The same, or what a plan can read it from.
Column = Features | CodedColumn
_Read = TypeVar("_Read", ColumnMapping, TypedColumn)
_NO_VALUE = Faulty("missing-value")
_NO_NUMBER: dict[str, Reason] = {
    "number": "not-a-number",
    "integer": "not-an-integer",
    "category": "unknown-category",
}


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """One chunk, aligned.

    Attributes:
        columns: The model's columns of n_rows values each, nulls filled; rows with a fault hold
            anything.
        typed: The input columns that are read as they are or are declared to have a type, typed,
            before any filling.
        faults: All faults, by row and then by the column's position.
        observations: What was met on the way, by model column where there was anything.
    """

    columns: tuple[Column, ...]
    typed: dict[str, pa.Array]
    faults: tuple[Fault, ...]
    observations: tuple[Observations, ...]

    @property
    def features(self) -> tuple[Features, ...]:
        """The columns, as one array of shape (n_rows,) each."""
        return tuple(decoded(self.columns))

    @property
    def counts(self) -> AlignmentCounts:
        """How often it was met."""
        return count(self.observations)

    def part(self, start: int, stop: int) -> Aligned:
        """Return the rows from `start` to `stop`, as if they alone had been aligned."""
        first, last = (bisect_left(self.faults, row, key=_row) for row in (start, stop))
        return Aligned(
            columns=tuple(column[start:stop] for column in self.columns),
            typed={name: column[start:stop] for name, column in self.typed.items()},
            faults=tuple(
                replace(fault, index=fault.index - start) for fault in self.faults[first:last]
            ),
            observations=tuple(one.part(start, stop) for one in self.observations),
        )


def align(plan: AlignmentPlan, cells: pa.Table) -> Aligned:
    """Align a chunk's cells to the model's columns.

    Args:
        plan: How each model column is fed.
        cells: The chunk's columns, shape (n_rows, n_input_columns).
    """
    columns: list[Column] = []
    typed: dict[str, pa.Array] = {}
    faults: list[Fault] = []
    observations: list[Observations] = []
    for column_mapping in plan.column_mappings:
        column = _combined(cells.column(column_mapping.position))
        plain, read = _with_plain_numbers(column, column_mapping)
        converted = _convert(read, plain)
        faults.extend(
            Fault(row, column_mapping.position, column_mapping.source, reason)
            for row, reason in converted.faults
        )
        if column_mapping.mapping is None and column_mapping.one_hot is None:
            typed[column_mapping.source] = converted.values
        one = observe(column_mapping, column, converted, read=read, plain=plain)
        if not one.is_nothing:
            observations.append(one)
        if column_mapping.fill is None and not column_mapping.accepts_null:
            faults.extend(
                Fault(row, column_mapping.position, column_mapping.source, "missing-value")
                for row in one.nulls.tolist()
            )
        columns.append(_feature(column_mapping, converted))
    for declared in plan.typed:
        column = _combined(cells.column(declared.position))
        plain, typed_read = _with_plain_numbers(column, declared)
        converted = convert_typed(typed_read, plain)
        faults.extend(
            Fault(row, declared.position, declared.name, reason) for row, reason in converted.faults
        )
        typed[declared.name] = converted.values
        one = observe_typed(declared, column, converted)
        if not one.is_nothing:
            observations.append(one)
    # Once each: every column of a one-hot group finds the same fault in the same cell.
    found = sorted(dict.fromkeys(faults), key=lambda fault: (fault.index, fault.position))
    return Aligned(
        columns=tuple(columns), typed=typed, faults=tuple(found), observations=tuple(observations)
    )


def typed_column(column_mapping: ColumnMapping) -> pa.DataType | None:
    """Return the type that a text input column gets in typed outputs; None where it stays text."""
    if column_mapping.mapping is not None or column_mapping.one_hot is not None:
        return None
    return value_type_of(column_mapping.column)


def _with_plain_numbers(cells: pa.Array, read_by: _Read) -> tuple[pa.Array, _Read]:
    """Return cells with their numbers as Python reads them, and what reads those."""
    numbers = read_by.numbers
    if numbers.is_plain:
        return cells, read_by
    tokens = tuple(map(numbers.plain_text, read_by.null_tokens))
    cells = without_tokens(cells, read_by.null_tokens)
    plain = replace(read_by, numbers=PLAIN_NUMBERS, null_tokens=tokens)
    return numbers.plain(cells), plain


def _convert(column_mapping: ColumnMapping, cells: pa.Array) -> Converted:
    if column_mapping.one_hot is not None:
        return to_values(cells, pa.int64(), reader_of(column_mapping))
    if column_mapping.mapping is not None:
        return to_values(cells, value_type_of(column_mapping.column), reader_of(column_mapping))
    column, null_tokens = column_mapping.column, column_mapping.null_tokens
    if is_json(cells.type) and not column_mapping.takes_booleans and _is_numeric(column):
        # Among numbers, true is a slip; a column of nothing else has a type of its own.
        reader = without_booleans(reader_of(column_mapping), _NO_NUMBER[column.kind])
        return to_values(cells, value_type_of(column), reader)
    if column.kind in ("number", "integer"):
        whole = column.kind == "integer"
        converted = (to_integer if whole else to_number)(cells, null_tokens)
        if converted.faults and column_mapping.takes_booleans:
            reader = boolean_reader(read_integer if whole else read_number, null_tokens)
            return to_values(cells, value_type_of(column), reader)
        return converted
    if column.kind == "boolean":
        return to_boolean(cells, null_tokens)
    if column.kind == "text":
        return to_text(cells, null_tokens)
    return to_values(cells, value_type_of(column_mapping.column), reader_of(column_mapping))


def _is_numeric(column: ColumnSchema) -> bool:
    kind = value_type_of(column)
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _feature(column_mapping: ColumnMapping, converted: Converted) -> Column:
    """Return a column as the model was fed in training; its type depends on the plan only."""
    values = converted.values
    fill = column_mapping.fill
    if fill is None and column_mapping.one_hot is not None:
        fill = one_hot_of_null(column_mapping.one_hot)
    nullable = column_mapping.accepts_null and fill is None
    if _is_held_as_objects(column_mapping, values.type, nullable=nullable):
        return _objects(column_mapping, converted)
    if fill is not None:
        values = values.fill_null(scalar_of(fill, values.type))
    if column_mapping.one_hot is not None and column_mapping.column.kind == "boolean":
        values = pc.cast(values, pa.bool_())
    if pa.types.is_integer(values.type):
        if nullable or column_mapping.column.kind == "number":
            # Unchecked: Arrow would refuse all above 2^53, and those here are exact.
            values = pc.cast(values, pa.float64(), safe=False)
        else:
            # Only rows with a fault, which are not predicted.
            values = values.fill_null(scalar_of(0, values.type))
    if pa.types.is_boolean(values.type):
        values = values.fill_null(scalar_of(False, values.type))
    result = numpy_of(values)
    return result + 0.0 if column_mapping.column.whole else result  # of -0.0, it makes 0.0


def _is_held_as_objects(
    column_mapping: ColumnMapping, kind: pa.DataType, *, nullable: bool
) -> bool:
    """Return whether a column is fed as Python objects: each value as it is, beside any null."""
    column = column_mapping.column
    if pa.types.is_string(kind) or (nullable and pa.types.is_boolean(kind)):
        return True
    if column_mapping.one_hot is not None:
        return False
    if column.kind == "category" and column.dtype == "object":
        return True
    if nullable and column.kind == "category":
        # In an array of numbers None would be NaN, and of large integers several would be one.
        integers = [value for value in column.categories or () if type(value) is int]
        if column.null_value is None or any(abs(n) >= MAX_EXACT_INTEGER for n in integers):
            return True
    # Code that tells 3 from 3.0 is to be shown what it was shown in training.
    counts = nullable and is_plain_integer(column.dtype)
    return column.exact and (column.dtype == "object" or counts)


def _objects(column_mapping: ColumnMapping, converted: Converted) -> CodedColumn:
    """Return values as Python objects, one object per distinct value."""
    distinct, codes = converted.distinct, converted.codes
    if distinct is None or codes is None:
        encoded = converted.values.dictionary_encode()
        distinct, codes = encoded.dictionary, encoded.indices
    # scikit-learn's encoders tell None from NaN: each gets the null it was fitted on.
    null = column_mapping.column.null_value if column_mapping.fill is None else column_mapping.fill
    objects = [null if value is None else value for value in distinct.to_pylist()]
    return CodedColumn(np.array([*objects, null], dtype=object), codes_of(codes, len(objects)))


def _row(fault: Fault) -> int:
    return fault.index


def _combined(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
