"""Write small files in one step."""

from __future__ import annotations

import uuid
from pathlib import Path

from titanic_batch.errors import os_errors
from titanic_batch.publish.staging import StagedFile, published_mode


def write_text(path: Path, text: str, doing: str) -> None:
    """Write a text to a file, over what stands there: a reader sees the old one or the new one.

    Raises:
        OutputError: if the system refuses; it says what was being done.
    """
    with StagedFile(path, uuid.uuid4().hex) as staged:
        staged.write(text.encode("utf-8", "surrogateescape"))
        staged.seal(published_mode(path))
        staged.sync()
        with os_errors(path, doing):
            staged.path.replace(path)
