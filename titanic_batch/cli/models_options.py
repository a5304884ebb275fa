"""Options that several `models` commands share, and how OLD=NEW texts are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from titanic_batch.errors import UsageError

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

ModelRef = Annotated[
    str,
    typer.Argument(
        metavar="REF", help="NAME, NAME:latest or NAME:VERSION in the store, or a model file."
    ),
]


def parse_pairs(texts: Sequence[str], option: str, shape: str) -> dict[str, str]:
    """Return KEY=VALUE texts as a dict.

    Args:
        texts: As typed.
        option: The option, for the error.
        shape: What it takes, for the error.

    Raises:
        UsageError: if one has no `=` or nothing before it, or a key comes twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"{text!r} is not of the form {shape}", where=option)
        if key in pairs:
            raise UsageError(f"{key} is given twice", where=option)
        pairs[key] = value
    return pairs


def parse_mappings(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return COL:a=0,b=1 texts as a dict of dicts.

    Raises:
        UsageError: if one is malformed, or a column comes twice.
    """
    mappings: dict[str, dict[str, str]] = {}
    for text in texts:
        column, colon, values = text.partition(":")
        if not column or not colon or not values:
            raise UsageError(f"{text!r} is not of the form COL:a=0,b=1", where="--map")
        if column in mappings:
            raise UsageError(f"{column} is given twice", where="--map")
        mappings[column] = parse_pairs(values.split(","), f"--map {column}", "a=0,b=1")
    return mappings


def split_names(text: str | None, option: str) -> tuple[str, ...] | None:
    """Return A,B,C as a tuple, None where the option was not given.

    Raises:
        UsageError: if a name is empty or comes twice.
    """
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if "" in names or len(set(names)) < len(names):
        raise UsageError("it takes different names, separated by commas", where=option)
    return names
