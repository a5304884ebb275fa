"""Read the texts that options are written as: 4MB, OLD=NEW, COL:a=0,b=1."""

from __future__ import annotations

from collections.abc import Sequence

from titanic_batch.alignment.column_types import COLUMN_TYPES
from titanic_batch.errors import UsageError
from titanic_batch.printable import shell_quoted

_UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_LARGEST_BYTES = 1 << 30


def parse_size(text: str | int, flag: str) -> int:
    """Parse a size in bytes: `65536`, `64KB`, `4MB`, `1GB` (powers of 1,024).

    Raises:
        UsageError: if it is no size, or not between 1 byte and 1 GB.
    """
    spelled = str(text).strip().upper().replace("IB", "B")
    number = spelled.rstrip("KMGB")
    unit = spelled[len(number) :]
    unit = unit if unit in _UNITS else f"{unit}B"
    try:
        size = int(float(number) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        size = 0
    if not 1 <= size <= _LARGEST_BYTES:
        raise UsageError(f"{flag} {text} is not a size", hint=f"Give for example {flag} 4MB.")
    return size


def parse_pairs(texts: Sequence[str], flag: str, shape: str) -> dict[str, str]:
    """Return KEY=VALUE texts as a dict.

    Args:
        texts: As typed.
        flag: The option, for the error.
        shape: What it takes, for the error.

    Raises:
        UsageError: if one has no `=` or nothing before it, or a key comes twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"{text!r} is not of the form {shape}", where=flag)
        if key in pairs:
            raise UsageError(f"{key} is given twice", where=flag)
        pairs[key] = value
    return pairs


def parse_answers(texts: Sequence[str], flag: str) -> dict[str, str]:
    """Return COL=allow and COL=reject texts as a dict.

    Raises:
        UsageError: if one is malformed, or a column comes twice.
    """
    answers = parse_pairs(texts, flag, "COL=allow or COL=reject")
    for column, answer in answers.items():
        if answer not in ("allow", "reject"):
            raise UsageError(
                f"{flag} {column}={answer}: it is either allow or reject",
                hint=f"Give {flag} {shell_quoted(f'{column}=allow')}.",
            )
    return answers


def parse_types(texts: Sequence[str], flag: str) -> dict[str, str]:
    """Return COL=TYPE texts as a dict.

    Raises:
        UsageError: if one is malformed, or a column comes twice.
    """
    types = parse_pairs(texts, flag, "COL=TYPE")
    for column, kind in types.items():
        if kind not in COLUMN_TYPES:
            raise UsageError(
                f"{flag} {column}={kind}: there is no such type",
                hint=f"The types are {', '.join(COLUMN_TYPES)}.",
            )
    return types


def parse_mappings(texts: Sequence[str], flag: str) -> dict[str, dict[str, str]]:
    """Return COL:a=0,b=1 texts as a dict of dicts.

    Raises:
        UsageError: if one is malformed, or a column comes twice.
    """
    mappings: dict[str, dict[str, str]] = {}
    for text in texts:
        column, colon, values = text.partition(":")
        if not column or not colon or not values:
            raise UsageError(f"{text!r} is not of the form COL:a=0,b=1", where=flag)
        if column in mappings:
            raise UsageError(f"{column} is given twice", where=flag)
        mappings[column] = parse_pairs(values.split(","), f"{flag} {column}", "a=0,b=1")
    return mappings
