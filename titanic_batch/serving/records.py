"""JSON records as tables: what a client sends becomes what a Parquet file of it would hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from titanic_batch.alignment.convert import MAX_EXACT_INTEGER, MAX_INT64
from titanic_batch.serving.outcomes import Refusal, refusal

#: Values by column name; in any order, and with others beside those that the model takes.
Record = Mapping[str, Any]


def record_fault(record: object) -> Refusal | None:
    """Return what keeps a record from being read at all; None where nothing does."""
    if not isinstance(record, Mapping):
        return Refusal(
            reason="wrong-columns",
            column="",
            message="a record is a JSON object: a value for each column, by the column's name",
        )
    for name, value in record.items():
        if isinstance(value, dict | list):
            return Refusal(
                reason="wrong-columns",
                column=name,
                message=f"column {name}: it holds an object or a list, where a value must be",
            )
        if not _is_text(name) or (isinstance(value, str) and not _is_text(value)):
            return refusal("bad-encoding", name)
    return None


def tables(records: Sequence[Record]) -> Iterator[tuple[list[int], pa.Table]]:
    """Yield tables of the records that go together, with each row's position in `records`.

    Those with the same columns do, unless one column holds values of several types: then each
    record is a table of its own, so that no value is converted on the way.
    """
    groups: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, record in enumerate(records):
        groups[tuple(sorted(record))].append(index)
    for names, indices in groups.items():
        together = _table(names, [records[index] for index in indices])
        if together is not None:
            yield indices, together
            continue
        for index in indices:
            alone = _table(names, [records[index]])
            assert alone is not None  # a single value has a single type
            yield [index], alone


def _table(names: Sequence[str], records: Sequence[Record]) -> pa.Table | None:
    columns = []
    for name in names:
        values = [record[name] for record in records]
        kind = _common_type(values)
        if kind is None:
            return None
        if kind == pa.string():
            values = [None if value is None else str(value) or None for value in values]
        columns.append(pa.array(values, kind))
    return pa.table(columns, names=list(names))


def _common_type(values: Sequence[Any]) -> pa.DataType | None:
    """Return the type that holds all values as they are; None where there is none."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {str}:
        return pa.string()
    if kinds == {bool}:
        return pa.bool_()
    integers = [value for value in values if type(value) is int]
    if kinds == {int}:
        if all(-MAX_INT64 <= value < MAX_INT64 for value in integers):
            return pa.int64()
        return pa.string() if len(values) == 1 else None
    if kinds <= {int, float}:
        exact = all(-MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER for value in integers)
        return pa.float64() if exact else None
    return None


def _is_text(text: str) -> bool:
    """Return whether a string could stand in a file: no NUL, no half of a surrogate pair."""
    return ("\0" not in text and text.isascii()) or _encodes(text)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
