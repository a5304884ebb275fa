"""Read a model file's bytes once, and hash them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import ModelError
from titanic_batch.stores import entry_at, store_of


def file_path(ref: str) -> Path:
    """Return the absolute path of a file reference; `~` is the home directory."""
    try:
        return Path(ref).expanduser().absolute()
    except RuntimeError as exc:  # no home directory
        raise ModelError(
            "`~` means nothing here: there is no home directory",
            where=ref,
            hint="Write the path in full.",
        ) from exc


def read_model_bytes(path: Path, ref: str, *, at_most: int | None = None) -> bytes:
    """Return all bytes of the regular file at `path`. A symbolic link is followed.

    The caller hashes, judges and loads these bytes, and never opens the path again for that.

    Args:
        path: The file.
        ref: What it is called in errors.
        at_most: What a file may hold that is no model, in bytes.

    Raises:
        ModelError: if it is missing, unreadable, empty, too large, or no regular file.
    """
    try:
        data = store_of(path).read(path, limit=at_most, follow=True)
    except NotADocumentError as exc:
        raise ModelError(str(exc), where=ref, hint="Give the model file itself.") from exc
    except (OSError, ValueError) as exc:  # ValueError: a null byte in the path
        reason = getattr(exc, "strerror", None) or str(exc)
        raise ModelError(
            f"it cannot be read: {reason}",
            where=ref,
            hint="Check the path, and the permissions of the file and its folders.",
        ) from exc
    if data is None:
        what = "the link leads nowhere" if entry_at(path, follow=False) else "there is no such file"
        raise ModelError(what, where=ref, hint="Correct the path of the model file.")
    if not data:
        raise ModelError("the file is empty", where=ref, hint="Save or copy the model again.")
    return data


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()
