"""Read a published text file, whatever it is compressed with: its first bytes tell."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pyarrow as pa

from titanic_batch.errors import DataError, os_errors
from titanic_batch.stores import store_of
from titanic_batch.stores.base import Name

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@contextmanager
def open_unpacked(path: Name) -> Iterator[IO[bytes]]:
    """Open a file for reading what is in it, unpacked.

    Raises:
        DataError: if it is damaged or cut short.
        FileAccessError: if the system refuses to read it.
    """
    with os_errors(path, "reading"):
        opened = store_of(path).open(path)
    with opened.file:
        start = opened.read_at(0, len(_ZSTD))
        try:
            if start.startswith(_GZIP):
                yield gzip.GzipFile(fileobj=opened.file, mode="rb")  # type: ignore[misc]
            elif start == _ZSTD:
                yield pa.CompressedInputStream(pa.PythonFile(opened.file, mode="r"), "zstd")
            else:
                with os_errors(path, "reading"):
                    yield opened.file
        except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
            raise _damaged(path) from exc
        except OSError as exc:
            if start == _ZSTD and exc.errno is None:
                raise _damaged(path) from exc
            raise


def _damaged(path: Name) -> DataError:
    return DataError("it is damaged or cut short", where=os.fspath(path), hint="Score it again.")
