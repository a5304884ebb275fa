"""The columns of the model and of the input, and the user's options, to plan an alignment from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from titanic_batch.alignment.convert import Faulty
from titanic_batch.alignment.names import Names, find_source
from titanic_batch.alignment.options import ALL_COLUMNS, AlignmentOptions
from titanic_batch.alignment.readers import read_value
from titanic_batch.errors import UsageError
from titanic_batch.schema import (
    ColumnSchema,
    OneHotSource,
    Scalar,
    TrainingSchema,
    underscored,
)

#: Names and categories that a message lists, at most.
MOST_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Given:
    """Everything that the columns of a model are looked up in.

    Attributes:
        schema: What the model expects.
        wanted: The model's columns.
        one_hot: The raw columns that training data showed, by name.
        shown: A get_dummies column, and the raw columns that it may be of, as shown there.
        inputs: The input's columns and types.
        others: The input's columns that go by their own names.
        renamed: A column that the model knows, and the input's that the user says is it.
        options: What the user says.
        text_cells: Whether every cell is text.
        unnamed: The input's columns that it has no name for.
    """

    schema: TrainingSchema
    wanted: Names
    one_hot: dict[str, OneHotSource]
    shown: dict[str, list[str]]
    inputs: pa.Schema
    others: Names
    renamed: dict[str, str]
    options: AlignmentOptions
    text_cells: bool
    unnamed: tuple[str, ...] = ()


def find_input(name: str, given: Given) -> str | None:
    """Return the input column that means a column of the model; None where several may.

    Where the model has `_` for spaces, the very name may have been another in training.
    """
    if given.schema.underscored and name in given.others:
        alike = [other for other in given.others.alike(name) if underscored(other) == name]
        if len(alike) > 1:
            return None
    # One that the file has no name for is taken for no other than that it would be called.
    taken = {*given.wanted, *given.unnamed} if given.unnamed else given.wanted
    return find_source(name, given.others, taken=taken)


def shown_dummies(schema: TrainingSchema) -> dict[str, list[str]]:
    """Return the raw columns that each get_dummies column may be of, as training data showed."""
    shown: dict[str, list[str]] = defaultdict(list)
    for source in schema.one_hot:
        for value in dict.fromkeys(map(str, (*source.categories, "nan"))):
            shown[schema.written(f"{source.name}_{value}")].append(source.name)
    return shown


def value_for(column: ColumnSchema, value: Scalar, flag: str) -> Scalar:
    """Return a value that the user gave for a column, in the column's own type.

    Raises:
        UsageError: if it is none of that type.
    """
    read = read_value(column, value)
    if read is None or isinstance(read, Faulty):
        known = ", ".join(map(str, (column.categories or ())[:MOST_NAMED]))
        raise UsageError(
            f"{flag} {column.name}={value}: that is no {column.kind} the model knows",
            hint=f"Its categories are: {known}." if known else f"Give a {column.kind}.",
        )
    return read


def accepts_unknown(default: bool, names: Iterable[str], options: AlignmentOptions) -> bool:
    """Return what the user says of unknown values in a column of these names, else the default."""
    for name in (*names, ALL_COLUMNS):
        if name in options.unknown:
            return options.unknown[name] == "allow"
    return default
