"""Read small files that others may have made: regular ones, of bounded length, JSON of sane values.

Whatever stands there, reading it ends soon, and in one of two errors: the system's, or
`NotADocumentError`. Lone surrogates pass: the names of files hold them where those are no UTF-8.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import Any, BinaryIO

#: Ours have a few levels; what reads a document may go down it by recursion.
MOST_LEVELS = 64

#: A longer one cannot become a float; reading one takes the square of its length in time.
MOST_DIGITS = 300


class NotADocumentError(ValueError):
    """A file holds no document that can be read; the text says why."""


def open_regular(path: str | os.PathLike[str], *, follow_links: bool = True) -> BinaryIO:
    """Open a regular file: a pipe, which may have no writer, would be waited for without end.

    Raises:
        NotADocumentError: if it is a folder, a pipe, a device or a socket; or a link that is not to
            be followed.
        OSError: if the system refuses.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except OSError as exc:
        if exc.errno == errno.ENXIO or (exc.errno == errno.ELOOP and not follow_links):
            raise NotADocumentError("it is not a regular file") from exc
        raise
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise NotADocumentError(
        f"it is {'a directory' if stat.S_ISDIR(kind) else 'not a regular file'}"
    )


def read_bounded(file: BinaryIO, at_most: int) -> bytes:
    """Return all that is left in a file; raises NotADocumentError if that is more."""
    data = file.read(at_most + 1)
    if len(data) > at_most:
        raise NotADocumentError(f"it is larger than {at_most >> 20} MB")
    return data


def parse_json(data: bytes) -> Any:
    """Return the document that these bytes hold.

    Raises:
        NotADocumentError: if they are no JSON in UTF-8, name a key twice, are nested too deeply, or
            hold a number that is too long.
    """
    try:
        document = json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_doubles, parse_int=_short_integer
        )
    except NotADocumentError:
        raise
    except RecursionError as exc:
        raise NotADocumentError("it is nested too deeply") from exc
    except ValueError as exc:
        raise NotADocumentError("it is not JSON") from exc
    _refuse_deep(document)
    return document


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):  # who reads it may take either
        raise NotADocumentError("it has a key twice")
    return table


def _short_integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise NotADocumentError(f"it holds a number of {len(text):,} digits")
    return int(text)


def _refuse_deep(document: Any) -> None:
    level = [document]
    for _ in range(MOST_LEVELS):
        level = [
            item
            for node in level
            if isinstance(node, dict | list)
            for item in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise NotADocumentError("it is nested too deeply")
