"""Apply an alignment plan to one chunk: model columns on one side, faults on the other."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.alignment.column_mappings import AlignmentPlan, ColumnMapping
from titanic_batch.alignment.convert import (
    MAX_EXACT_INTEGER,
    Converted,
    Faulty,
    Reader,
    read_number,
    to_boolean,
    to_integer,
    to_number,
    to_text,
    to_values,
)
from titanic_batch.alignment.counts import (
    NO_CELLS,
    NO_ROWS,
    AlignmentCounts,
    Cells,
    Observations,
    Rows,
    count,
)
from titanic_batch.alignment.readers import (
    category_reader,
    mapping_reader,
    one_hot_of_null,
    one_hot_reader,
    value_type_of,
)
from titanic_batch.alignment.types import is_plain_integer
from titanic_batch.faults import Fault
from titanic_batch.schema import Scalar

Features = npt.NDArray[Any]
_NO_VALUE = Faulty("missing-value")


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """One chunk, aligned.

    Attributes:
        features: One array of shape (n_rows,) per model column, nulls filled; rows with a fault
            hold anything.
        typed: The input columns that a feed read as they are, typed, before any filling.
        faults: All faults, by row and then by the column's position.
        observations: What was met on the way, by model column where there was anything.
    """

    features: tuple[Features, ...]
    typed: dict[str, pa.Array]
    faults: tuple[Fault, ...]
    observations: tuple[Observations, ...]

    @property
    def counts(self) -> AlignmentCounts:
        """How often it was met."""
        return count(self.observations)

    def part(self, start: int, stop: int) -> Aligned:
        """Return the rows from `start` to `stop`, as if they alone had been aligned."""
        first, last = (bisect_left(self.faults, row, key=_row) for row in (start, stop))
        return Aligned(
            features=tuple(column[start:stop] for column in self.features),
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
    features: list[Features] = []
    typed: dict[str, pa.Array] = {}
    faults: list[Fault] = []
    observations: list[Observations] = []
    for feed in plan.feeds:
        column = _combined(cells.column(feed.position))
        converted = _convert(feed, column)
        faults.extend(
            Fault(row, feed.position, feed.source, reason) for row, reason in converted.faults
        )
        if feed.mapping is None and feed.one_hot is None:
            typed[feed.source] = converted.values
        one = _met(feed, column, converted)
        if not one.is_nothing:
            observations.append(one)
        if feed.fill is None and not feed.accepts_null:
            faults.extend(
                Fault(row, feed.position, feed.source, "missing-value")
                for row in one.nulls.tolist()
            )
        features.append(_feature(feed, converted))
    # Once each: every column of a one-hot group finds the same fault in the same cell.
    found = sorted(dict.fromkeys(faults), key=lambda fault: (fault.index, fault.position))
    return Aligned(
        features=tuple(features), typed=typed, faults=tuple(found), observations=tuple(observations)
    )


def typed_column(feed: ColumnMapping) -> pa.DataType | None:
    """Return the type that a text input column gets in typed outputs; None where it stays text."""
    if feed.mapping is not None or feed.one_hot is not None:
        return None
    return value_type_of(feed.column)


def _convert(feed: ColumnMapping, cells: pa.Array) -> Converted:
    if feed.one_hot is not None:
        return to_values(cells, pa.int64(), _reader(feed))
    if feed.mapping is not None:
        return to_values(cells, value_type_of(feed.column), _reader(feed))
    column, null_tokens = feed.column, feed.null_tokens
    if column.kind == "number":
        if feed.is_dummy:
            return _dummy_number(cells, null_tokens)
        return to_number(cells, null_tokens)
    if column.kind == "integer":
        return to_integer(cells, null_tokens)
    if column.kind == "boolean":
        return to_boolean(cells, null_tokens)
    if column.kind == "text":
        return to_text(cells, null_tokens)
    return to_values(cells, value_type_of(feed.column), _reader(feed))


def _reader(feed: ColumnMapping) -> Reader:
    null_tokens = feed.null_tokens
    if feed.one_hot is not None:
        return one_hot_reader(
            feed.one_hot,
            feed.one_hot_known,
            accepts_unknown=feed.accepts_unknown,
            null_tokens=null_tokens,
            with_underscores=feed.one_hot_underscored,
        )
    if feed.mapping is not None:
        return mapping_reader(feed.mapping, null_tokens)
    return category_reader(
        feed.column.categories or (),
        accepts_unknown=feed.accepts_unknown,
        null_tokens=null_tokens,
        refused=feed.doubtful_tokens if feed.rejects_doubtful else (),
    )


def _dummy_number(cells: pa.Array, null_tokens: tuple[str, ...]) -> Converted:
    """Read a get_dummies column, which files hold as 0 and 1 or as True and False."""
    converted = to_number(cells, null_tokens)
    if not converted.faults:
        return converted
    booleans = {"true": 1.0, "false": 0.0}

    def read(cell: object) -> Scalar | Faulty | None:
        text = cell.lower() if isinstance(cell, str) else None
        return booleans[text] if text in booleans else read_number(cell, null_tokens)

    return to_values(cells, pa.float64(), read)


def _met(feed: ColumnMapping, cells: pa.Array, converted: Converted) -> Observations:
    unreadable = [row for row, reason in converted.faults if reason != "unknown-category"]
    nulls = _empty_rows(converted)
    return Observations(
        column=feed.column.name,
        fills=feed.fill is not None,
        source=feed.source if feed.one_hot is not None else feed.column.name,
        nulls=nulls,
        unreadable=np.array(unreadable, np.int64) if unreadable else NO_ROWS,
        unknown=_taken(cells, _unknown_rows(feed, cells, converted)),
        tokens=_tokens(cells, nulls),
        doubtful=_doubtful(feed, cells),
        spelt=_spelt(feed, cells, converted),
    )


def _taken(cells: pa.Array, rows: Rows) -> Cells:
    return Cells(rows=rows, values=cells.take(pa.array(rows))) if rows.size else NO_CELLS


def _tokens(cells: pa.Array, nulls: Rows) -> Cells:
    """Return which of the null cells hold something."""
    if not nulls.size:
        return NO_CELLS
    held = pc.invert(pc.is_null(cells.take(pa.array(nulls)), nan_is_null=True))
    return _taken(cells, nulls[held.to_numpy(zero_copy_only=False)])


def _doubtful(feed: ColumnMapping, cells: pa.Array) -> Cells:
    if not feed.doubtful_tokens or (feed.rejects_doubtful and feed.column.kind == "category"):
        return NO_CELLS
    texts = pa.array(feed.doubtful_tokens, cells.type)
    found = pc.is_in(cells, value_set=texts).to_numpy(zero_copy_only=False)
    return _taken(cells, np.flatnonzero(found))


def _spelt(feed: ColumnMapping, cells: pa.Array, converted: Converted) -> Cells:
    """Return the cells of a one-hot column's own value, where it may be that of two spellings."""
    if not feed.one_hot_underscored or "_" not in (feed.one_hot or ""):
        return NO_CELLS
    own = pc.equal(converted.values, 1).fill_null(False).to_numpy(zero_copy_only=False)
    return _taken(cells, np.flatnonzero(own))


def _unknown_rows(feed: ColumnMapping, cells: pa.Array, converted: Converted) -> Rows:
    """Return the rows with values that the model never saw, whether they are let through or not."""
    rejected = [row for row, reason in converted.faults if reason == "unknown-category"]
    encoded = feed.one_hot is not None or (feed.column.categories and feed.mapping is None)
    if not feed.accepts_unknown or not encoded:
        return np.array(rejected, np.int64) if rejected else NO_ROWS
    strict = _reader(replace(feed, accepts_unknown=False))
    encoding = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    unknown = [_is_unknown(strict(value)) for value in encoding.dictionary.to_pylist()]
    if not rejected and not any(unknown):
        return NO_ROWS
    codes = encoding.indices.fill_null(len(unknown)).to_numpy(zero_copy_only=False)
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
    null = pc.is_null(converted.values, nan_is_null=True).to_numpy(zero_copy_only=False)
    if converted.faults:
        null = null.copy()
        null[[row for row, _ in converted.faults]] = False
    return np.flatnonzero(null)


def _feature(feed: ColumnMapping, converted: Converted) -> Features:
    """Return a column as the model was fed in training; its type depends on the plan only."""
    values = converted.values
    fill = feed.fill
    if fill is None and feed.one_hot is not None:
        fill = one_hot_of_null(feed.one_hot)
    nullable = feed.accepts_null and fill is None
    if _is_held_as_objects(feed, values.type, nullable=nullable):
        return _objects(feed, converted)
    if fill is not None:
        values = values.fill_null(pa.scalar(fill, values.type))
    if feed.one_hot is not None and feed.column.kind == "boolean":
        values = pc.cast(values, pa.bool_())
    if pa.types.is_integer(values.type):
        if nullable or feed.column.kind == "number":
            # Unchecked: Arrow would refuse all above 2^53, and those here are exact.
            values = pc.cast(values, pa.float64(), safe=False)
        else:
            values = values.fill_null(0)  # only rows with a fault, which are not predicted
    if pa.types.is_boolean(values.type):
        values = values.fill_null(False)
    result: Features = values.to_numpy(zero_copy_only=False)
    return result + 0.0 if feed.column.whole else result  # of -0.0, it makes 0.0


def _is_held_as_objects(feed: ColumnMapping, kind: pa.DataType, *, nullable: bool) -> bool:
    """Tell whether a column is fed as Python objects: each value as it is, beside any null."""
    column = feed.column
    if pa.types.is_string(kind) or (nullable and pa.types.is_boolean(kind)):
        return True
    if feed.one_hot is not None:
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


def _objects(feed: ColumnMapping, converted: Converted) -> Features:
    """Return values as Python objects, one object per distinct value."""
    distinct, codes = converted.distinct, converted.codes
    if distinct is None or codes is None:
        encoded = converted.values.dictionary_encode()
        distinct, codes = encoded.dictionary, encoded.indices
    # scikit-learn's encoders tell None from NaN: each gets the null it was fitted on.
    null = feed.column.null_value if feed.fill is None else feed.fill
    objects = [null if value is None else value for value in distinct.to_pylist()]
    result: Features = np.array([*objects, null], dtype=object)[
        pc.cast(codes, pa.int64()).fill_null(len(objects)).to_numpy()
    ]
    return result


def _row(fault: Fault) -> int:
    return fault.index


def _combined(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
