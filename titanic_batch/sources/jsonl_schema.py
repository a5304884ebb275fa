"""Which columns JSON objects have, and of which types: all of a file's lines decide."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.json_cells import MIXED, NESTED
from titanic_batch.sources.jsonl_records import Record

#: What a value is; `large` are integers that float64 does not hold, `huge` those beyond int64.
Kind = Literal["boolean", "integer", "large", "huge", "float", "text", "nested"]

_LARGE, _HUGE = 2**53, 2**63
_KINDS: dict[type, Kind] = {
    bool: "boolean",
    float: "float",
    str: "text",
    dict: "nested",
    list: "nested",
}


class Columns:
    """The keys that were met, in the order of their first appearance, and the kinds of values."""

    def __init__(self) -> None:
        self.kinds: dict[str, set[Kind]] = {}
        self.rows = 0
        self.values = 0

    def add_records(self, records: Sequence[Record]) -> None:
        """Take what records hold."""
        self.rows += len(records)
        self.values += sum(map(len, records))
        for name in dict.fromkeys(chain.from_iterable(records)):
            values = [record.get(name) for record in records]
            kinds = self.kinds.setdefault(name, set())
            for kind in set(map(type, values)):
                if kind is int:
                    kinds.add(_kind_of([value for value in values if type(value) is int]))
                elif kind is not type(None):
                    kinds.add(_KINDS[kind])

    def add_table(self, table: pa.Table) -> None:
        """Take what Arrow has read of records without nested values."""
        self.rows += table.num_rows
        for name, column in zip(table.column_names, table.columns, strict=True):
            self.values += table.num_rows - column.null_count
            kinds = self.kinds.setdefault(name, set())
            if column.null_count < len(column):
                kinds.add(_kind_of_column(column))

    @property
    def schema(self) -> pa.Schema:
        """The columns and the types that hold all their values as they are."""
        return pa.schema([(name, _type_of(kinds)) for name, kinds in self.kinds.items()])


def _kind_of(integers: Sequence[int]) -> Kind:
    low, high = min(integers), max(integers)
    if low >= -_LARGE and high <= _LARGE:
        return "integer"
    return "large" if low >= -_HUGE and high < _HUGE else "huge"


def _kind_of_column(column: pa.ChunkedArray) -> Kind:
    kind = column.type
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        low, high = pc.min_max(column).as_py().values()
        return "integer" if low >= -_LARGE and high <= _LARGE else "large"
    return "float" if pa.types.is_floating(kind) else "text"  # dates and times are texts


def _type_of(kinds: set[Kind]) -> pa.DataType:
    if not kinds:
        return pa.null()
    if kinds == {"boolean"}:
        return pa.bool_()
    if kinds <= {"integer", "large"}:
        return pa.int64()
    if kinds <= {"integer", "float"}:
        return pa.float64()
    if kinds == {"text"}:
        return pa.string()
    return NESTED if "nested" in kinds else MIXED
