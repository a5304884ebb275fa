"""Write JSON Lines: an object a line, its keys in the columns' order."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from titanic_batch.errors import DataError
from titanic_batch.json_cells import is_json, to_json
from titanic_batch.sinks.base import Payload
from titanic_batch.sinks.text import content, large

#: A float that would be read back as an integer.
_WHOLE = r"^-?[0-9]+$"
#: What a JSON string cannot hold as it is, but for the two that are most frequent.
_CONTROL = r"[\x00-\x1f]"


@dataclass(frozen=True)
class JsonlEncoder:
    """Turns tables into lines of JSON; floats are the shortest text that reads back the same."""

    def encode(self, table: pa.Table) -> bytes:
        """Return a line for each row.

        Raises:
            DataError: if a number is infinite, which JSON cannot say.
        """
        parts: list[pa.Array | pa.Scalar] = []
        for name, column in zip(table.column_names, table.columns, strict=True):
            before = "," if parts else "{"
            parts.append(large(f"{before}{to_json(name)}:"))
            parts.append(_as_json(name, column.combine_chunks()).fill_null("null"))
        if not parts:
            return b"{}\n" * int(table.num_rows)
        lines = pc.binary_join_element_wise(*parts, large("}\n"), large(""))
        return content(lines)


@dataclass(frozen=True)
class JsonlFormat:
    """JSON Lines with the columns of `schema`; see `titanic_batch.sinks.base.Format`."""

    schema: pa.Schema
    rows = JsonlEncoder()
    file = JsonlEncoder()  # a file is nothing but its lines

    def open(self, file: IO[bytes]) -> JsonlSink:
        """Open a sink that writes to `file`."""
        return JsonlSink(file)


class JsonlSink:
    """Appends lines to a file.

    Args:
        file: Where to; the caller owns it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, payload: Payload) -> None:
        """Append lines."""
        assert isinstance(payload, bytes)
        self._file.write(payload)

    def finish(self) -> None:
        """Do nothing: a file of lines has no end mark."""

    def close(self) -> None:
        """Do nothing: nothing is held back."""


def _as_json(name: str, column: pa.Array) -> pa.Array:
    """Return each cell's JSON, null where it is null or NaN."""
    kind = column.type
    if pat.is_dictionary(kind):
        return _as_json(name, column.dictionary_decode())
    if is_json(kind):
        return pc.cast(column.storage, pa.large_string())
    if pat.is_nested(kind):
        values = [None if one is None else _plain(name, one) for one in column.to_pylist()]
        texts = [None if one is None else json.dumps(one, ensure_ascii=False) for one in values]
        return pa.array(texts, pa.large_string())
    if pat.is_floating(kind):
        return _floats(name, column)
    text = pc.cast(column, pa.large_string())
    is_bare = pat.is_integer(kind) or pat.is_decimal(kind) or pat.is_boolean(kind)
    return text if is_bare or pat.is_null(kind) else _quoted(text)


def _floats(name: str, column: pa.Array) -> pa.Array:
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if pc.any(pc.is_inf(column)).as_py():
        raise _infinite(name)
    text = pc.cast(column, pa.large_string())
    longer = pc.binary_join_element_wise(text, large(".0"), large(""))
    return pc.if_else(pc.match_substring_regex(text, _WHOLE), longer, text)


def _quoted(text: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(text, _CONTROL)).as_py():
        encoded = text.dictionary_encode()
        quoted = [json.dumps(one, ensure_ascii=False) for one in encoded.dictionary.to_pylist()]
        return pa.array(quoted, pa.large_string()).take(encoded.indices)
    escaped = pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), '"', '\\"')
    return pc.binary_join_element_wise(large('"'), escaped, large('"'), large(""))


def _plain(name: str, value: Any) -> Any:
    """Return a nested value as JSON can say it: what it has no type for, as text."""
    if isinstance(value, dict):
        return {key: _plain(name, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None
        raise _infinite(name)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _infinite(name: str) -> DataError:
    return DataError(
        f"column {name} holds an infinite number, which JSON cannot say",
        hint="Write Parquet or CSV, or leave the column out with --keep.",
    )
