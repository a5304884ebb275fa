"""Keep a manifest that is about to be replaced, as OUTPUT.manifest.json.N."""

from __future__ import annotations

import itertools
import os
import stat
import uuid
from pathlib import Path

from titanic_batch.errors import os_errors
from titanic_batch.publish.staging import Folder, StagedFile
from titanic_batch.publish.together import Steps


def keep_replaced(manifest: Path) -> Steps:
    """Copy a manifest to the lowest free OUTPUT.manifest.json.N; the output's lock must be held.

    It is on the disk before anything that replaces the manifest is written, so whatever instant a
    kill comes, the old one is there under one name at least. A run that is killed after this leaves
    a copy of what still stands there: the next one finds it, and makes no second.

    Raises:
        OutputError: if the system refuses.
    """
    data = _read(manifest)
    if data is None:
        return
    kept = _place_for(manifest, data)
    if os.path.lexists(kept):
        yield [Folder(manifest.parent)]
        return
    with StagedFile(manifest, uuid.uuid4().hex) as copy:
        copy.write(data)
        copy.seal(stat.S_IMODE(manifest.lstat().st_mode))
        yield [copy]
        with os_errors(kept, "keeping the manifest that is replaced"):
            copy.path.rename(kept)
        copy.keep()
    yield [Folder(manifest.parent)]


def _place_for(manifest: Path, data: bytes) -> Path:
    """Return the lowest name that is free, or that holds the same already."""
    names = (manifest.with_name(f"{manifest.name}.{number}") for number in itertools.count(1))
    return next(name for name in names if not os.path.lexists(name) or _read(name) == data)


def _read(path: Path) -> bytes | None:
    """Return what is in a file; None for what is none, which nobody has published."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        with os_errors(path, "reading the manifest"):
            raise
