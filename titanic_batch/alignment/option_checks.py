"""Check what the user says of columns: every option must mean something, and do something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from titanic_batch.alignment.column_mappings import ColumnMapping
from titanic_batch.alignment.names import nearest, prefixes
from titanic_batch.alignment.options import ALL_COLUMNS, AlignmentOptions
from titanic_batch.errors import UsageError
from titanic_batch.printable import shell_quoted
from titanic_batch.schema import TrainingSchema

_MOST_NAMED = 20


def check_options(schema: TrainingSchema, names: list[str], options: AlignmentOptions) -> None:
    """Refuse options that name what does not exist, or contradict each other.

    Args:
        schema: What the model expects.
        names: The input's columns.
        options: What the user says of them.

    Raises:
        UsageError: for the first of them.
    """
    groups = {prefix for name in schema.names for prefix in prefixes(name)}
    allowed = {*schema.names, *groups}
    for flag, given in (
        ("--fill", options.fill),
        ("--allow-null", options.allow_null),
        ("--rename", options.rename.values()),
    ):
        for name in sorted(given):
            _require(name, allowed, flag, "a column of the model")
    own = set(schema.names)
    for name in sorted(options.mapping):
        _require(name, own, "--map", "a column of the model")
    for name in sorted(own.intersection(options.types)):
        raise UsageError(
            f"--type {name}: it is a column of the model, which knows its type",
            hint="Leave it out; --type is for columns that are only kept.",
        )
    there = set(names)
    either = allowed | there
    for name, answer in sorted(options.unknown.items()):
        if name != ALL_COLUMNS:
            _require(name, either, "--unknown", "a column of the model")
        if answer not in ("allow", "reject"):
            raise UsageError(
                f"--unknown {name}={answer}: that is neither allow nor reject",
                hint=f"Give --unknown {shell_quoted(f'{name}=allow')} or "
                f"--unknown {shell_quoted(f'{name}=reject')}.",
            )
    for name in sorted(options.rename):
        _require(name, there, "--rename", "a column of the input")
    for name, count in Counter(options.rename.values()).items():
        if count > 1:
            olds = " and ".join(old for old, new in options.rename.items() if new == name)
            raise UsageError(
                f"--rename feeds {name} from {olds}", hint="Name one input column for it."
            )


def check_options_used(column_mappings: Iterable[ColumnMapping], options: AlignmentOptions) -> None:
    """Refuse options for a raw column that turned out to be behind no one-hot column.

    Raises:
        UsageError: if there are any: they would do nothing, without a word.
    """
    used: set[str] = set()
    for column_mapping in column_mappings:
        used |= {column_mapping.column.name, column_mapping.raw_name}
    for flag, given in (
        ("--fill", options.fill),
        ("--allow-null", options.allow_null),
        ("--rename", options.rename.values()),
    ):
        for name in sorted(given):
            _require(name, used, flag, "a column of the model")


def _require(name: str, names: set[str], flag: str, what: str) -> None:
    if name not in names:
        known = sorted(names)
        near = nearest(name, known)
        raise UsageError(
            f"{flag} {name}: there is no such column; it must be {what}",
            hint=f"Did you mean {' or '.join(near)}?"
            if near
            else f"They are: {', '.join(known[:_MOST_NAMED])}.",
        )
