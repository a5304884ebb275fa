"""Columns whose cells are JSON values of several types: Arrow holds the JSON text of each."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

#: A column with values of several types, none of them an object or a list.
MIXED = pa.json_(pa.string())
#: A column with objects or lists in it.
NESTED = pa.json_(pa.large_string())


def is_json(kind: pa.DataType) -> bool:
    """Return whether a column's cells are JSON."""
    return bool(kind in (MIXED, NESTED))


def to_json(value: object) -> str:
    """Return the JSON of a value.

    Raises:
        ValueError: if it holds a number that is not finite.
    """
    return _ENCODER.encode(value)


def distinct_values(cells: pa.Array) -> tuple[list[Any], pa.Array]:
    """Return a column's distinct values, and each row's position in them, null where it is null."""
    if is_json(cells.type):
        encoded = cells.storage.dictionary_encode()
        return [json.loads(text) for text in encoded.dictionary.to_pylist()], encoded.indices
    encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices


def values_of(cells: pa.Array) -> list[Any]:
    """Return a column's values, row by row."""
    if not is_json(cells.type):
        return list(cells.to_pylist())
    values, codes = distinct_values(cells)
    return [None if code is None else values[code] for code in codes.to_pylist()]


def plain_texts(cells: pa.Array) -> pa.Array:
    """Return the values of JSON cells as texts: a text as it is, others as their JSON."""
    values, codes = distinct_values(cells)
    texts = [value if isinstance(value, str) else to_json(value) for value in values]
    return pa.array(texts, pa.string()).take(codes)
