"""Read a JSON file of ours that anybody may have edited, cut or planted since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from titanic_batch.errors import os_errors
from titanic_batch.stores import store_of
from titanic_batch.stores.base import NotOrdinaryError

#: Thousands of columns make a manifest of a few megabytes.
_LARGEST_BYTES = 64 << 20


class NotJsonError(ValueError):
    """What was found is no JSON file; its text says why, as a part of a sentence."""


def read_json(path: Path, doing: str) -> Any:
    """Return the JSON at `path`, which is not to be relied on; None where there is no file.

    Raises:
        NotJsonError: if it is no JSON, or no ordinary file.
        OutputError: if the system refuses to read it; it says what was being done.
    """
    try:
        with os_errors(path, doing):
            data = store_of(path).read(path, limit=_LARGEST_BYTES)
    except NotOrdinaryError as exc:
        raise NotJsonError(str(exc)) from exc
    if data is None:
        return None
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_without_doubles)
    except NotJsonError:
        raise
    except (ValueError, RecursionError) as exc:
        raise NotJsonError("it is not JSON") from exc


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse two keys of one name in an object, of which a reader may take either."""
    table = dict(pairs)
    if len(table) < len(pairs):
        raise NotJsonError("it has a key twice")
    return table
