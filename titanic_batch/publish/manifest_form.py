"""The form of a manifest: what each of its keys must hold for anybody to rely on it.

Manifests lie for years where others can edit, cut or overwrite them. So what is read back is held
against the kinds that are declared here, beside the fields of `publish.manifest`, and nothing
behind it has to ask again whether a count is a count. The published JSON Schema is made of the same
kinds.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from functools import cache
from types import NoneType
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

#: A dataclass that an object is read into.
Table = Callable[..., Any]

#: Ours nest six deep.
_DEEPEST = 32
_LARGEST_COUNT = (1 << 63) - 1
_LARGEST_VERSION = 1 << 20
_HASH = re.compile(r"[0-9a-f]{64}")
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"part-\d{5,}-[0-9a-f]+\.(parquet|csv)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Kind:
    """The values that a key may hold: in words, as a test, and as JSON Schema."""

    words: str
    holds: Callable[[Any], bool]
    schema: dict[str, Any]


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST_COUNT


def _is_number(value: Any) -> bool:
    return type(value) is int or (isinstance(value, float) and math.isfinite(value))


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_count, value.values()))


def _is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _is_date(value: Any) -> bool:
    try:
        return _DATE.fullmatch(value) is not None and date.fromisoformat(value) is not None
    except (TypeError, ValueError):
        return False


def _is_finding(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"guard", "verdict", "said", "column", "value"} <= value.keys()
        and all(isinstance(value[key], str) for key in ("guard", "verdict", "said"))
        and isinstance(value["column"], str | None)
        and (value["value"] is None or _is_number(value["value"]))
    )


def _is_profile(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(column, dict)
        and isinstance(column.get("bins"), dict)
        and isinstance(column.get("counts"), list)
        and all(map(_is_count, column["counts"]))
        and _is_shares(column.get("training"))
        for column in value.values()
    )


def _is_part(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(_is_count(value.get(key)) for key in ("bytes", "rows", "first_row"))
        and _matches(_PART)(value.get("name"))
        and _matches(_HASH)(value.get("sha256"))
    )


def _is_shares(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(map(_is_number, value)))


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _list_of(words: str, holds: Callable[[Any], bool], schema: dict[str, Any]) -> Kind:
    return Kind(
        f"a list of {words}",
        lambda value: isinstance(value, list) and all(map(holds, value)),
        {"type": "array", "items": schema},
    )


def or_null(kind: Kind) -> Kind:
    """Return the kind that may also be null."""
    return Kind(
        f"{kind.words} or null",
        lambda value: value is None or kind.holds(value),
        {"anyOf": [kind.schema, {"type": "null"}]},
    )


def _table(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


_A_COUNT = {"type": "integer", "minimum": 0, "maximum": _LARGEST_COUNT}
_A_TEXT = {"type": "string"}
_BY_VALUE = {"type": "object", "additionalProperties": _A_COUNT}

VERSION = Kind(
    "a version",
    lambda value: type(value) is int and 1 <= value <= _LARGEST_VERSION,
    {"type": "integer", "minimum": 1, "maximum": _LARGEST_VERSION},
)
COUNT = Kind("a count", _is_count, _A_COUNT)
#: Of seconds, too: clocks are set back.
NUMBER = Kind("a number", _is_number, {"type": "number"})
TEXT = Kind("a text", lambda value: isinstance(value, str), _A_TEXT)
PATH = Kind("a path", _matches(re.compile(r"[^\0]*")), {"type": "string", "pattern": r"^[^\0]*$"})
SHA256 = Kind("a SHA-256", _matches(_HASH), {"type": "string", "pattern": f"^{_HASH.pattern}$"})
RUN_ID = Kind(
    "a run's id", _matches(_RUN_ID), {"type": "string", "pattern": f"^{_RUN_ID.pattern}$"}
)
TIME = Kind("a time with its zone", _is_time, {"type": "string", "format": "date-time"})
DAY = Kind("a date", _is_date, {"type": "string", "format": "date"})
OBJECT = Kind("an object", lambda value: isinstance(value, dict), {"type": "object"})
COUNTS = Kind("an object of counts", _is_counts, _BY_VALUE)
COUNTS_BY_COLUMN = Kind(
    "counts by column",
    lambda value: isinstance(value, dict) and all(map(_is_counts, value.values())),
    {"type": "object", "additionalProperties": _BY_VALUE},
)
TEXTS_BY_COLUMN = Kind(
    "texts by column",
    lambda value: (
        isinstance(value, dict) and all(isinstance(v, str | None) for v in value.values())
    ),
    {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
)
TEXTS = _list_of("texts", TEXT.holds, _A_TEXT)
OBJECTS = _list_of("objects", OBJECT.holds, {"type": "object"})
VALUES = _list_of("values", lambda _: True, {})
FINDINGS = _list_of(
    "findings",
    _is_finding,
    _table(
        guard=_A_TEXT,
        column={"type": ["string", "null"]},
        verdict=_A_TEXT,
        value={"type": ["number", "null"]},
        said=_A_TEXT,
    ),
)
PARTS = _list_of(
    "parts",
    _is_part,
    _table(
        name={"type": "string", "pattern": f"^{_PART.pattern}$"},
        sha256={"type": "string", "pattern": f"^{_HASH.pattern}$"},
        bytes=_A_COUNT,
        rows=_A_COUNT,
        first_row=_A_COUNT,
    ),
)
PROFILE = Kind(
    "counts by bin",
    _is_profile,
    {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "bins": {"type": "object"},
                "counts": {"type": "array", "items": _A_COUNT},
                "training": {"type": ["array", "null"], "items": {"type": "number"}},
            },
            "required": ["bins", "counts"],
        },
    },
)


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of a table of the manifest.

    Attributes:
        name: The key.
        kind: What it may hold.
        table: The dataclass that its object is read into; None where it is plain JSON.
        required: Whether every manifest of this version has it.
    """

    name: str
    kind: Kind
    table: Table | None
    required: bool


@cache
def keys_of(table: Table) -> tuple[Key, ...]:
    """Return the keys that a dataclass declares: by `Annotated[..., KIND]`, or a dataclass."""
    hints = get_type_hints(table, include_extras=True)
    return tuple(
        Key(
            name=field.name,
            kind=kind,
            table=inner,
            required=field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(cast("Any", table))
        for kind, inner in [_kind_of(hints[field.name])]
    )


def _kind_of(hint: Any) -> tuple[Kind, Table | None]:
    if get_origin(hint) is Annotated:
        kind = get_args(hint)[1]
        assert isinstance(kind, Kind)
        return kind, None
    if isinstance(hint, type):
        return OBJECT, hint
    table, null = get_args(hint)
    assert null is NoneType
    return or_null(OBJECT), table


def fault_of(document: dict[str, Any], table: Table) -> str:
    """Return what is wrong with a document that is to be read into `table`; "" for nothing."""
    return _oddity(document) or misfit_of(document, table)


def misfit_of(document: dict[str, Any], table: Table) -> str:
    """Return which key does not hold what `table` says; "" for none."""
    return next(_misfits(document, table, ""), "")


def read_into(table: Table, document: dict[str, Any]) -> Any:
    """Return a checked object as its type; keys that a later version added are left out."""
    values: dict[str, Any] = {}
    for key in keys_of(table):
        if key.name in document:
            value = document[key.name]
            if key.table is not None and value is not None:
                value = read_into(key.table, value)
            values[key.name] = tuple(value) if isinstance(value, list) else value
    return table(**values)


def _misfits(document: dict[str, Any], table: Table, place: str) -> Iterator[str]:
    for key in keys_of(table):
        where = f"{place}{key.name}"
        if key.name not in document:
            if key.required:
                yield f"it has no {where}"
            continue
        value = document[key.name]
        if not key.kind.holds(value):
            yield f"its {where} is not {key.kind.words}"
        elif key.table is not None and value is not None:
            yield from _misfits(value, key.table, f"{where}.")


def _oddity(document: dict[str, Any]) -> str:
    """Look for what no run writes, wherever it stands: texts that no system takes, deep nesting."""
    pending: list[tuple[Any, int]] = [(document, 1)]
    while pending:
        value, depth = pending.pop()
        if isinstance(value, str):
            try:
                os.fsencode(value)  # the bytes of a file name that is no UTF-8 are half surrogates
            except UnicodeEncodeError:
                return "it holds text that is not Unicode"
        elif isinstance(value, dict | list):
            if depth > _DEEPEST:
                return "it is nested too deeply"
            inner = [*value, *value.values()] if isinstance(value, dict) else value
            pending += [(item, depth + 1) for item in inner]
    return ""
