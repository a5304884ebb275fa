"""Options that several `models` commands share."""

from __future__ import annotations

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
