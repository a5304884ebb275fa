"""The form of a manifest: what each key must hold for anybody to rely on it.

Manifests lie for years where others can edit, cut or overwrite them. So what is read back is held
against this table first, and nothing behind it has to ask again whether a count is a count.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

#: Ours nest six deep.
_DEEPEST = 32
_LARGEST_COUNT = (1 << 63) - 1
_HASH = re.compile(r"[0-9a-f]{64}")
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class _Kind:
    """What a key may hold: in words, and as a test."""

    words: str
    holds: Callable[[Any], bool]


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
        isinstance(told, dict)
        and isinstance(told.get("bins"), dict)
        and isinstance(told.get("counts"), list)
        and all(map(_is_count, told["counts"]))
        for told in value.values()
    )


def _list_of(words: str, holds: Callable[[Any], bool]) -> _Kind:
    return _Kind(
        f"a list of {words}", lambda value: isinstance(value, list) and all(map(holds, value))
    )


def _or_null(kind: _Kind) -> _Kind:
    return _Kind(f"{kind.words} or null", lambda value: value is None or kind.holds(value))


_COUNT = _Kind("a count", _is_count)
_NUMBER = _Kind("a number", _is_number)  # of seconds, too: clocks are set back
_TEXT = _Kind("a text", lambda value: isinstance(value, str))
_PATH = _Kind("a path", lambda value: isinstance(value, str) and "\0" not in value)
_SHA256 = _Kind(
    "a SHA-256", lambda value: isinstance(value, str) and _HASH.fullmatch(value) is not None
)
_ID = _Kind(
    "a run's id", lambda value: isinstance(value, str) and _RUN_ID.fullmatch(value) is not None
)
_TIME = _Kind("a time with its zone", _is_time)
_DAY = _Kind("a date", _is_date)
_OBJECT = _Kind("an object", lambda value: isinstance(value, dict))
_COUNTS = _Kind("an object of counts", _is_counts)
_COUNTS_BY_COLUMN = _Kind(
    "counts by column",
    lambda value: isinstance(value, dict) and all(map(_is_counts, value.values())),
)

#: Each key after the object that it stands in.
_FORM = {
    "run_id": _ID,
    "status": _TEXT,
    "started_at": _TIME,
    "finished_at": _TIME,
    "seconds": _NUMBER,
    "rows_per_second": _NUMBER,
    "tool.version": _TEXT,
    "libraries": _OBJECT,
    "options": _OBJECT,
    "model": _OBJECT,
    "model.ref": _TEXT,
    "model.tag": _TEXT,
    "model.sha256": _TEXT,
    "model.schema_sha256": _TEXT,
    "input": _OBJECT,
    "output": _OBJECT,
    **{
        f"{file}.{key}": kind
        for file in ("input", "output")
        for key, kind in {
            "path": _PATH,
            "format": _TEXT,
            "bytes": _COUNT,
            "sha256": _SHA256,
        }.items()
    },
    "rows": _OBJECT,
    "rows.read": _COUNT,
    "rows.scored": _COUNT,
    "rows.rejected": _COUNT,
    "rejects": _OBJECT,
    "rejects.path": _or_null(_PATH),
    "rejects.by_reason": _COUNTS,
    "rejects.other_faults": _COUNTS,
    "alignment": _list_of("objects", lambda value: isinstance(value, dict)),
    "unknown_categories": _COUNTS_BY_COLUMN,
    "nulls": _COUNTS,
    "null_tokens": _COUNTS_BY_COLUMN,
    "warnings": _list_of("texts", lambda value: isinstance(value, str)),
    "rows_recalled": _COUNT,
    "job": _or_null(_OBJECT),
    "job.name": _TEXT,
    "job.date": _DAY,
    "job.guards": _list_of("findings", _is_finding),
    "job.profile": _or_null(_Kind("counts by bin", _is_profile)),
}
#: Keys that manifests of earlier versions may lack.
_OPTIONAL = frozenset(
    {
        "rejects.other_faults",
        "null_tokens",
        "warnings",
        "rows_recalled",
        "job",
        "job.guards",
        "job.profile",
    }
)


def fault_of(document: dict[str, Any]) -> str:
    """Return what is wrong with a manifest of the known version; "" where nothing is."""
    return _oddity(document) or _misfit(document) or _sum(document["rows"])


def _misfit(document: dict[str, Any]) -> str:
    for key, kind in _FORM.items():
        place, _, name = key.rpartition(".")
        table = document.get(place) if place else document
        if table is None:  # of a job that there is none of
            continue
        if name not in table:
            if key in _OPTIONAL:
                continue
            return f"it has no {key}"
        if not kind.holds(table[name]):
            return f"its {key} is not {kind.words}"
    return ""


def _sum(rows: dict[str, int]) -> str:
    if rows["read"] == rows["scored"] + rows["rejected"]:
        return ""
    return "its rows read are not rows scored plus rows rejected"


def _oddity(document: dict[str, Any]) -> str:
    """Look for what no run writes, wherever it stands: texts that no system takes, deep nesting."""
    pending: list[tuple[Any, int]] = [(document, 1)]
    while pending:
        value, depth = pending.pop()
        if isinstance(value, str):
            try:
                os.fsencode(value)  # the bytes of a file name that is no UTF-8 are half surrogates
            except UnicodeEncodeError:
                return "it holds a text that is no Unicode"
        elif isinstance(value, dict | list):
            if depth > _DEEPEST:
                return "it is nested too deeply"
            inner = [*value, *value.values()] if isinstance(value, dict) else value
            pending += [(item, depth + 1) for item in inner]
    return ""
