"""Columns that feed no model column, and whose type the user declares for the output."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Literal

import pyarrow as pa
import pyarrow.types as pat

from titanic_batch.alignment.column_mappings import TypedColumn
from titanic_batch.alignment.column_types import ColumnType
from titanic_batch.alignment.convert import (
    MAX_INT64,
    NULL_TEXTS,
    Converted,
    Faulty,
    read_integer,
    to_boolean,
    to_integer,
    to_number,
    to_text,
    to_values,
)
from titanic_batch.alignment.names import nearest
from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.alignment.types import is_scalar, is_text, value_type
from titanic_batch.errors import UsageError
from titanic_batch.json_cells import is_json, plain_texts

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: ISO 8601 without a zone, to the microsecond: a longer fraction has zeros there.
_TIMESTAMP = re.compile(
    rf"{_DATE.pattern}(?:[T ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,6}})?)?)?"
)
_WHOLE = re.compile(r"[ \t]*[+-]?[0-9]{1,40}[ \t]*")
_ZEROS = re.compile(r"(\.[0-9]{6})0+$")
_MOST_NAMED = 20

_ARROW: dict[ColumnType, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "text": pa.string(),
}
_Day = Literal["date", "timestamp"]


def arrow_type(column: TypedColumn) -> pa.DataType:
    """Return the type that a column has in the output."""
    return _ARROW[column.type]


def convert_typed(column: TypedColumn, cells: pa.Array) -> Converted:
    """Read a column's cells, losslessly or not at all, by the rules for the model's own."""
    tokens = column.null_tokens
    if column.type == "integer":
        converted = to_integer(cells, tokens)
        return to_values(cells, pa.int64(), _integer(tokens)) if converted.faults else converted
    if column.type == "number":
        return to_number(cells, tokens)
    if column.type == "boolean":
        return to_boolean(cells, tokens)
    if column.type == "text":
        return to_text(plain_texts(cells) if is_json(cells.type) else cells, tokens)
    return to_values(cells, arrow_type(column), _reader(column.type, tokens))


def typed_columns(
    inputs: pa.Schema, fed: Collection[str], options: AlignmentOptions, *, text_cells: bool
) -> tuple[TypedColumn, ...]:
    """Return the columns of declared types.

    Args:
        inputs: The input's columns and types.
        fed: Those that feed the model.
        options: What the user says of them.
        text_cells: Whether every cell is text that is still to be read (CSV).

    Raises:
        UsageError: if there is no such column, it feeds the model, or holds nothing of the kind.
    """
    columns = tuple(
        _typed(name, kind, inputs, fed, options) for name, kind in options.types.items()
    )
    if not text_cells:
        return columns
    return tuple(
        replace(one, numbers=options.numbers) if one.type in ("integer", "number") else one
        for one in columns
    )


def _typed(
    name: str,
    kind: ColumnType,
    inputs: pa.Schema,
    fed: Collection[str],
    options: AlignmentOptions,
) -> TypedColumn:
    position = inputs.get_field_index(name)
    if position < 0:
        near = nearest(name, inputs.names)
        raise UsageError(
            f"--type {name}: there is no such column; it must be a column of the input",
            hint=f"Did you mean {' or '.join(near)}?"
            if near
            else f"They are: {', '.join(inputs.names[:_MOST_NAMED])}.",
        )
    if name in fed:
        raise UsageError(
            f"--type {name}: the column feeds the model, which knows its type",
            hint="Leave it out; --type is for columns that are only kept.",
        )
    found = value_type(inputs.field(name).type)
    is_day = kind in ("date", "timestamp")
    is_usable = is_text(found) or is_json(found) or pat.is_null(found)
    if not (is_usable if is_day else is_scalar(found)):
        raise UsageError(
            f"--type {name}={kind}: the column is {found} in the input",
            hint="Leave it out; the column keeps its own type.",
        )
    return TypedColumn(name=name, position=position, type=kind, null_tokens=options.null_tokens)


def _integer(null_tokens: tuple[str, ...]) -> Callable[[object], int | Faulty | None]:
    """Return a reader of what int64 holds, which is more than models are fed with."""

    def read(cell: object) -> int | Faulty | None:
        found = read_integer(cell, null_tokens)
        if not isinstance(found, Faulty):
            return found
        if isinstance(cell, str) and _WHOLE.fullmatch(cell):
            cell = int(cell)
        return cell if isinstance(cell, int) and -MAX_INT64 <= cell < MAX_INT64 else found

    return read


def _reader(kind: _Day, null_tokens: tuple[str, ...]) -> Callable[[object], date | Faulty | None]:
    is_date = kind == "date"
    pattern = _DATE if is_date else _TIMESTAMP

    def read(cell: object) -> date | Faulty | None:
        if not isinstance(cell, str):
            return Faulty("not-a-number")
        if cell in null_tokens or cell in NULL_TEXTS:
            return None
        text = cell.strip(" \t") if is_date else _ZEROS.sub(r"\1", cell.strip(" \t"))
        if not pattern.fullmatch(text):
            return Faulty("not-a-number")
        try:
            return date.fromisoformat(text) if is_date else datetime.fromisoformat(text)
        except ValueError:  # such as the 30th of February
            return Faulty("not-a-number")

    return read
