"""Read a model file's bytes once, hash them, and write files whole."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from titanic_batch.documents import NotADocumentError, open_regular
from titanic_batch.errors import ModelError, os_errors


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
        at_most: What a file may hold that is no model, in bytes; of a longer one, a byte more than
            that is returned.

    Raises:
        ModelError: if it is missing, unreadable, empty, or no regular file.
    """
    try:
        with open_regular(path) as file:
            data = file.read(-1 if at_most is None else at_most + 1)
    except NotADocumentError as exc:
        raise ModelError(str(exc), where=ref, hint="Give the model file itself.") from exc
    except FileNotFoundError as exc:
        what = "the link leads nowhere" if path.is_symlink() else "there is no such file"
        raise ModelError(what, where=ref, hint="Correct the path of the model file.") from exc
    except (OSError, ValueError) as exc:  # ValueError: a null byte in the path
        reason = getattr(exc, "strerror", None) or str(exc)
        raise ModelError(
            f"it cannot be read: {reason}",
            where=ref,
            hint="Check the path, and the permissions of the file and its folders.",
        ) from exc
    if not data:
        raise ModelError("the file is empty", where=ref, hint="Save or copy the model again.")
    return data


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()


def write_whole(path: Path, write: Callable[[BinaryIO], object], *, mode: int = 0o666) -> None:
    """Write a file so that a reader of `path` sees the old one or the new one, never a part.

    Args:
        path: Where it shall stand. Its folder must exist.
        write: Is given the open temporary file beside it.
        mode: Permissions of a new file, before the umask.

    Raises:
        FileAccessError: if a step fails; the temporary file is gone then.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    with os_errors(path, "writing it"):
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                write(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, on file systems that know how to."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
