"""As much of JSON Schema as our own schemas use; a keyword that it does not know is an error."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

_ABOUT = {"$schema", "title", "description"}
_TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "null": lambda value: value is None,
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) is int or (type(value) is float and math.isfinite(value)),
}


def errors(value: Any, schema: dict[str, Any], place: str = "$") -> Iterator[str]:
    """Yield where a value is not as a schema says."""
    for keyword, told in schema.items():
        if keyword not in _ABOUT:
            yield from _CHECKS[keyword](value, told, place)


def _type(value: Any, told: Any, place: str) -> Iterator[str]:
    if not any(_TYPES[name](value) for name in ([told] if isinstance(told, str) else told)):
        yield f"{place} is no {told}"


def _any_of(value: Any, told: Any, place: str) -> Iterator[str]:
    if all(next(errors(value, schema, place), None) for schema in told):
        yield f"{place} is none of {len(told)} things"


def _properties(value: Any, told: Any, place: str) -> Iterator[str]:
    for name in told.keys() & value if isinstance(value, dict) else ():
        yield from errors(value[name], told[name], f"{place}.{name}")


def _required(value: Any, told: Any, place: str) -> Iterator[str]:
    for name in told if isinstance(value, dict) else ():
        if name not in value:
            yield f"{place} has no {name}"


def _additional(value: Any, told: Any, place: str) -> Iterator[str]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield from errors(inner, told, f"{place}.{name}")


def _items(value: Any, told: Any, place: str) -> Iterator[str]:
    for number, inner in enumerate(value) if isinstance(value, list) else ():
        yield from errors(inner, told, f"{place}[{number}]")


def _minimum(value: Any, told: Any, place: str) -> Iterator[str]:
    if _TYPES["number"](value) and value < told:
        yield f"{place} is below {told}"


def _maximum(value: Any, told: Any, place: str) -> Iterator[str]:
    if _TYPES["number"](value) and value > told:
        yield f"{place} is above {told}"


def _pattern(value: Any, told: str, place: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(told.replace("$", r"\Z"), value):
        yield f"{place} is not like {told}"


def _format(value: Any, told: str, place: str) -> Iterator[str]:
    if isinstance(value, str) and not _FORMATS[told](value):
        yield f"{place} is no {told}"


def _is_date(text: str) -> bool:
    try:
        return str(date.fromisoformat(text)) == text
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


_FORMATS = {"date": _is_date, "date-time": _is_time}


_CHECKS = {
    "type": _type,
    "anyOf": _any_of,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "items": _items,
    "minimum": _minimum,
    "maximum": _maximum,
    "pattern": _pattern,
    "format": _format,
}
