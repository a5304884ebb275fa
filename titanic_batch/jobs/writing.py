"""Write small files in one step."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path

from titanic_batch.errors import os_errors
from titanic_batch.stores import store_of


def write_text(path: Path, text: str, doing: str) -> None:
    """Write a text to a file, over what stands there: a reader sees the old one or the new one.

    Raises:
        FileAccessError: if the system refuses; it says what was being done.
    """
    store = store_of(path)
    with contextlib.ExitStack() as held:
        staged = store.stage(path, uuid.uuid4().hex)
        held.callback(staged.discard)
        staged.write(text.encode("utf-8", "surrogateescape"))
        staged.seal(store.mode_for(path))
        staged.sync()
        with os_errors(path, doing):
            staged.commit()
