"""Keep a manifest that is about to be replaced, as OUTPUT.manifest.json.N."""

from __future__ import annotations

import itertools
import uuid

from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import os_errors
from titanic_batch.publish.together import Steps
from titanic_batch.stores import store_of
from titanic_batch.stores.base import NOTHING


def keep_replaced(manifest: str) -> Steps:
    """Copy a manifest to the lowest free OUTPUT.manifest.json.N; the output's lock must be held.

    It is on the disk before anything that replaces the manifest is written, so whatever instant a
    kill comes, the old one is there under one name at least. A run that is killed after this leaves
    a copy of what still stands there: the next one finds it, and makes no second.

    Raises:
        FileAccessError: if the system refuses.
    """
    store = store_of(manifest)
    data = _read(manifest)
    if data is None:
        return
    kept = _place_for(manifest, data)
    if store.stat(kept, follow=False) is not None:
        yield store.unsynced([kept])
        return
    found = store.stat(manifest, follow=False)
    copy = store.stage(manifest, uuid.uuid4().hex)
    try:
        copy.write(data)
        copy.seal(found.mode if found is not None else 0o600)
        yield [copy]
        with os_errors(kept, "keeping the manifest that is replaced"):
            copy.commit(expected=NOTHING, name=kept)
    finally:
        copy.discard()
    yield store.unsynced([kept])


def _place_for(manifest: str, data: bytes) -> str:
    """Return the lowest name that is free, or that holds the same already."""
    names = (f"{manifest}.{number}" for number in itertools.count(1))
    return next(name for name in names if _is_free(name) or _read(name) == data)


def _is_free(path: str) -> bool:
    return store_of(path).stat(path, follow=False) is None


def _read(path: str) -> bytes | None:
    """Return what is in a file; None for what is none, which nobody has published."""
    try:
        with os_errors(path, "reading the manifest"):
            return store_of(path).read(path)
    except NotADocumentError:
        return None
