"""Say what is wrong with a job file, naming the file and the key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from titanic_batch.alignment.names import nearest
from titanic_batch.errors import UsageError
from titanic_batch.jobs.tables import TABLES
from titanic_batch.scoring.options import OPTIONS

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_MOST_SHOWN = 60
#: Flags of `score` that `run` does not have: in a job, they are keys of the file.
_KEYS_OF_THE_FILE = re.compile(
    r"--(?!model|trust|max-rejects|workers|force|date|ignore-guards)[a-z]"
)
_WHERE_KEYS_ARE = "In a job file, these options stand in [score] and [columns.NAME]."
_IN_COLUMNS = "It stands in the table of its column: [columns.NAME] {key}."
#: Options of `score` that a user may look for in [score], and where they are.
_ELSEWHERE = {
    option.name: option.elsewhere
    or f"It stands in the table of its column: [columns.NAME] {option.name}."
    for option in OPTIONS
    if option.table != "score"
}


def job_file_error(path: Path, document: dict[str, Any], exc: ValidationError) -> UsageError:
    """Return one error for all that pydantic found."""
    errors: dict[str, tuple[str, str]] = {}
    for error in exc.errors(include_url=False):
        key, what, hint = _described(error, document)
        errors.setdefault(key, (what, hint))
    if len(errors) == 1:
        ((key, (what, hint)),) = errors.items()
        return UsageError(what, where=f"{path}, {key}", hint=hint)
    lines = [str(UsageError(what, where=key, hint=hint)) for key, (what, hint) in errors.items()]
    details = [f"  {line}" for line in lines]
    return UsageError(f"{len(lines)} errors:", where=str(path), details=details)


def hint_in_a_job(message: str, hint: str) -> str:
    """Return a hint of `score`, and where in a job file its flags are."""
    if _KEYS_OF_THE_FILE.search(f"{message} {hint}"):
        return f"{hint} {_WHERE_KEYS_ARE}".lstrip()
    return hint


def dotted(keys: tuple[str | int, ...]) -> str:
    """Return a key as TOML writes it: columns."Sib Sp".fill."""
    return ".".join(
        str(key) if _BARE_KEY.fullmatch(str(key)) else json.dumps(str(key), ensure_ascii=False)
        for key in keys
    )


def _described(error: ErrorDetails, document: dict[str, Any]) -> tuple[str, str, str]:
    keys = error["loc"]
    # Of a key that takes a table or a plain value, pydantic tells what either lacks.
    in_file = len(_existing(keys, document)) == len(keys)
    if error["type"] == "extra_forbidden" and in_file:
        return (dotted(keys), *_unknown(keys))
    if error["type"] == "missing":
        return dotted(keys), "it is missing", f"Add it: it takes {_takes(keys)}."
    keys = _existing(keys, document)
    given = _shown(_value(document, keys))
    said = str(error.get("ctx", {}).get("error", ""))
    return dotted(keys), said or f"it is {given}, but takes {_takes(keys)}", ""


def _unknown(keys: tuple[str | int, ...]) -> tuple[str, str]:
    *above, key = (str(part) for part in keys)
    if not above:
        known = list(TABLES)
        near = nearest(key, known, 1)
        hint = f"Did you mean [{near[0]}]?" if near else f"They are: {', '.join(known)}."
        return f"there is no table {key}", hint
    known = list(TABLES[above[0]].model_fields)
    near = nearest(key, known, 1)
    if above[0] == "score" and key in _ELSEWHERE:
        return f"there is no key {key} here", _ELSEWHERE[key]
    hint = f"Did you mean {near[0]}?" if near else f"They are: {', '.join(known)}."
    return f"there is no key {key} here", hint


def _existing(keys: tuple[str | int, ...], document: dict[str, Any]) -> tuple[str | int, ...]:
    """Return the part of a place that is in the file; pydantic adds the type that it tried."""
    value: Any = document
    for count, key in enumerate(keys):
        if not isinstance(value, dict) or key not in value:
            return keys[:count]
        value = value[key]
    return keys


def _value(document: dict[str, Any], keys: tuple[str | int, ...]) -> Any:
    value: Any = document
    for key in keys:
        value = value[key]
    return value


def _takes(keys: tuple[str | int, ...]) -> str:
    """Return the description of a key, from the table that it stands in."""
    table, *rest = (str(key) for key in keys)
    if table == "columns":
        rest = rest[1:]
    if not rest:
        return "tables: [columns.NAME]" if table == "columns" else f"a table: [{table}]"
    return str(TABLES[table].model_fields[rest[0]].description)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
