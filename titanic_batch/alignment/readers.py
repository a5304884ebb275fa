"""Read cells that stand for one of a model column's known categories."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from titanic_batch.alignment.column_mappings import ColumnMapping
from titanic_batch.alignment.convert import (
    NULL_TEXTS,
    Faulty,
    Reader,
    as_integer,
    as_text,
    is_null,
    read_boolean,
    read_integer,
    read_number,
)
from titanic_batch.faults import Reason
from titanic_batch.schema import ColumnSchema, Scalar, underscored

#: What pandas writes for 1 and 0 of a column of booleans, and other tools in other cases.
BOOLEAN_NUMBERS = {"true": 1, "false": 0}


def category_type(categories: Sequence[Scalar]) -> pa.DataType:
    """Return the Arrow type that holds the categories of a column."""
    kinds = {type(value) for value in categories}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    if kinds <= {int, float} and kinds:
        return pa.float64()
    return pa.string()


def reader_of(column_mapping: ColumnMapping) -> Reader:
    """Return what reads the cells of a column of numbers, or that stands for known values."""
    null_tokens = column_mapping.null_tokens
    if column_mapping.one_hot is not None:
        return one_hot_reader(
            column_mapping.one_hot,
            column_mapping.one_hot_known,
            accepts_unknown=column_mapping.accepts_unknown,
            null_tokens=null_tokens,
            with_underscores=column_mapping.one_hot_underscored,
        )
    if column_mapping.mapping is not None:
        return mapping_reader(column_mapping.mapping, null_tokens)
    if column_mapping.column.kind == "number":
        return lambda cell: read_number(cell, null_tokens)
    if column_mapping.column.kind == "integer":
        return lambda cell: read_integer(cell, null_tokens)
    return category_reader(
        column_mapping.column.categories or (),
        accepts_unknown=column_mapping.accepts_unknown,
        null_tokens=null_tokens,
        refused=column_mapping.doubtful_tokens if column_mapping.rejects_doubtful else (),
    )


def category_reader(
    categories: Sequence[Scalar],
    *,
    accepts_unknown: bool,
    null_tokens: Sequence[str] = (),
    refused: Sequence[str] = (),
) -> Reader:
    """Return a reader that finds a cell's category, whatever type the cell has.

    A text category is met by its exact text (` male` is not `male`); a number by any spelling of
    its value (`3`, `3.0`). With `accepts_unknown`, a value outside them is passed on as it is, as
    long as it has their type and is not among the texts that are `refused`.
    """
    kind = category_type(categories)
    if pa.types.is_string(kind):
        texts = [str(value) for value in categories]
        return _text_reader(texts, accepts_unknown, null_tokens, refused)
    if pa.types.is_boolean(kind):
        return lambda cell: _known_or_fault(
            read_boolean(cell, null_tokens), categories, accepts_unknown
        )
    whole = pa.types.is_integer(kind)

    def read(cell: object) -> Scalar | Faulty | None:
        number = read_number(cell, null_tokens)
        if isinstance(number, Faulty):
            return number if accepts_unknown else Faulty("unknown-category")
        if number is None or not whole:
            return _known_or_fault(number, categories, accepts_unknown)
        integer = as_integer(number)
        if isinstance(integer, Faulty):
            return integer if accepts_unknown else Faulty("unknown-category")
        return _known_or_fault(integer, categories, accepts_unknown)

    return read


def value_type_of(column: ColumnSchema) -> pa.DataType:
    """Return the Arrow type that holds the values of a model column."""
    if column.kind == "category":
        return category_type(column.categories or ())
    return {
        "number": pa.float64(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "text": pa.string(),
    }[column.kind]


def read_value(column: ColumnSchema, value: Scalar) -> Scalar | Faulty | None:
    """Read a value given for a model column, by the rules for its cells."""
    if column.kind == "number":
        return read_number(value)
    if column.kind == "integer":
        return read_integer(value)
    if column.kind == "boolean":
        return read_boolean(value)
    if column.kind == "text":
        return as_text(value)
    return category_reader(column.categories or (), accepts_unknown=False)(value)


def mapping_reader(mapping: dict[str, Scalar], null_tokens: Sequence[str] = ()) -> Reader:
    """Return a reader that looks a cell's text up; what is not there is an unknown category."""

    def read(cell: object) -> Scalar | Faulty | None:
        if is_null(cell, null_tokens):
            return None
        for text in _spellings(cell):
            if text in mapping:
                return mapping[text]
        if cell in NULL_TEXTS:
            return None
        return Faulty("unknown-category")

    return read


def boolean_reader(
    read: Callable[..., Scalar | Faulty | None], null_tokens: Sequence[str]
) -> Reader:
    """Return a reader that takes true and false, in any case, for 1 and 0."""

    def read_cell(cell: object) -> Scalar | Faulty | None:
        text = cell.lower() if isinstance(cell, str) and cell not in null_tokens else None
        return BOOLEAN_NUMBERS[text] if text in BOOLEAN_NUMBERS else read(cell, null_tokens)

    return read_cell


def without_booleans(read: Reader, reason: Reason) -> Reader:
    """Return a reader of numbers to which true and false are none, for the reason given."""
    return lambda cell: Faulty(reason) if isinstance(cell, bool) else read(cell)


def one_hot_reader(
    value: str,
    known: Sequence[str],
    *,
    accepts_unknown: bool,
    null_tokens: Sequence[str] = (),
    with_underscores: bool = False,
) -> Reader:
    """Return a reader that says 1 for `value` and 0 for what else is known.

    `with_underscores`: where cells have spaces, these may have `_`.
    This is what pandas.get_dummies makes of a column; for nulls see `one_hot_of_null`.
    """

    def read(cell: object) -> Scalar | Faulty | None:
        if is_null(cell, null_tokens):
            return None
        spellings = _spellings(cell)
        if with_underscores:
            spellings = tuple(map(underscored, spellings))
        if value in spellings:
            return 1
        if accepts_unknown or any(text in known for text in spellings):
            return 0
        return Faulty("unknown-category")

    return read


def one_hot_of_null(value: str) -> int:
    """Return what pandas.get_dummies makes of a null: 0, but 1 in the column of dummy_na=True."""
    return int(value == "nan")


def _text_reader(
    categories: Sequence[str],
    accepts_unknown: bool,
    null_tokens: Sequence[str],
    refused: Sequence[str],
) -> Reader:
    known = frozenset(categories)

    def read(cell: object) -> Scalar | Faulty | None:
        if is_null(cell, null_tokens):
            return None
        spellings = _spellings(cell)
        for text in spellings:
            if text in known:
                return text
        is_let_through = accepts_unknown and cell not in refused
        return spellings[0] if is_let_through else Faulty("unknown-category")

    return read


def _known_or_fault(
    value: Scalar | Faulty | None, categories: Sequence[Scalar], accepts_unknown: bool
) -> Scalar | Faulty | None:
    if value is None or isinstance(value, Faulty) or accepts_unknown or value in categories:
        return value
    return Faulty("unknown-category")


def _spellings(cell: object) -> tuple[str, ...]:
    """Return the texts that a cell's value may have been written as in training."""
    if isinstance(cell, str):
        return (cell,)
    text = as_text(cell)
    if text is None:
        return ()
    return (text, repr(cell)) if isinstance(cell, float) else (text, text.lower())
