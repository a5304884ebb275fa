"""Columns without a name, as pandas names them: its own index, what follows a last delimiter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

#: Marks a column whose name the input does not hold.
UNNAMED = {b"titanic_batch.unnamed": b"yes"}


def with_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names, `Unnamed: N` (N from 0) for those that say nothing.

    Where that name is taken, `.1` is appended, or the next number that is free.
    """
    found = list(names)
    for position, name in enumerate(names):
        if not name.strip():
            found[position] = _free(f"Unnamed: {position}", found)
    return tuple(found)


def text_schema(names: Iterable[str], unnamed: Iterable[int]) -> pa.Schema:
    """Return the columns of a text file; `unnamed` are the positions of those without a name."""
    marked = set(unnamed)
    return pa.schema(
        pa.field(name, pa.string(), metadata=UNNAMED if position in marked else None)
        for position, name in enumerate(names)
    )


def is_unnamed(field: pa.Field) -> bool:
    """Return whether the input has no name for a column."""
    return bool(field.metadata) and UNNAMED.items() <= field.metadata.items()


def unnamed_in(schema: pa.Schema) -> tuple[str, ...]:
    """Return the columns that the input has no name for."""
    return tuple(field.name for field in schema if is_unnamed(field))


def _free(name: str, taken: Sequence[str]) -> str:
    count, free = 0, name
    while free in taken:
        count += 1
        free = f"{name}.{count}"
    return free
