"""Read a JSON file of ours that anybody may have edited, cut or planted since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from titanic_batch.documents import parse_json
from titanic_batch.errors import os_errors
from titanic_batch.stores import store_of

#: Thousands of columns make a manifest of a few megabytes.
_LARGEST_BYTES = 64 << 20


def read_json(path: Path, doing: str) -> Any:
    """Return the JSON at `path`, which is not to be relied on; None where there is no file.

    Raises:
        NotADocumentError: if it is no JSON, or no ordinary file.
        FileAccessError: if the system refuses to read it; it says what was being done.
    """
    with os_errors(path, doing):
        data = store_of(path).read(path, limit=_LARGEST_BYTES)
    return None if data is None else parse_json(data)
