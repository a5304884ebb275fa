"""An input file as a stream of UTF-8 bytes: hashed, decompressed and decoded on the way."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

from titanic_batch.errors import DataError, FileAccessError, InputMissingError
from titanic_batch.interrupts import interruptible
from titanic_batch.sources.bz2_members import Bz2Members
from titanic_batch.sources.formats import STDIN, no_such_file
from titanic_batch.stores import store_of
from titanic_batch.stores.base import OpenedFile

#: Marks a byte that the declared encoding does not know; never part of UTF-8.
UNDECODABLE = b"\xff"

_DECODE_BYTES = 1 << 20
#: What is remembered of an input's beginning, for whoever asks how else it could be read.
_HEAD_BYTES = 1 << 16


#: The error handler that does so.
MARK_UNDECODABLE = "titanic_batch.mark"


def _mark_undecodable(error: UnicodeError) -> tuple[str | bytes, int]:
    r"""Decode each bad byte as the mark and the byte itself, and encode both as UTF-8 bytes.

    A bad byte below 0x80 becomes the text `\xNN`: in UTF-16 it may look like a quote or a newline.
    A surrogate that is no such byte (UTF-7 lets it through) is encoded as the mark alone.
    """
    if isinstance(error, UnicodeDecodeError):
        bad = error.object[error.start : error.end]
        shown = (chr(0xDC00 + b) if b > 0x7F else f"\\x{b:02x}" for b in bad)
        return "".join("\udcff" + text for text in shown), error.end
    if isinstance(error, UnicodeEncodeError):
        codes = (ord(character) for character in error.object[error.start : error.end])
        return bytes(c - 0xDC00 if 0xDC80 <= c <= 0xDCFF else 0xFF for c in codes), error.end
    raise error


codecs.register_error(MARK_UNDECODABLE, _mark_undecodable)


class HashingFile(io.RawIOBase):
    """A file that counts and hashes (SHA-256) what is read from it, once, front to back."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._hash = hashlib.sha256()
        self.bytes_read = 0

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into `buffer`; see io.RawIOBase."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, all of them where `size` is negative."""
        with interruptible():  # a pipe may be silent for long
            data = self._file.read(size)
        self._hash.update(data)
        self.bytes_read += len(data)
        return data

    def hexdigest(self) -> str:
        """Return the SHA-256 of what was read so far."""
        return self._hash.hexdigest()


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class InputStream:
    """One opened input: `read` gives its text as UTF-8 bytes, whatever it is compressed with.

    Args:
        path: The file; `-` for standard input.
        encoding: The text's encoding.

    Raises:
        InputMissingError: if there is no such file.
        FileAccessError: if it cannot be opened.
    """

    def __init__(self, path: str, *, encoding: str = "utf-8") -> None:
        self.path = path
        self._encoding = encoding
        self._opened = None if path == STDIN else open_input(path)
        self._begin(self._opened.file if self._opened is not None else _stdin())

    def _begin(self, file: IO[bytes]) -> None:
        self._raw = HashingFile(file)
        self._decoded = _decompressed(self._raw, self.path)
        self._decoder = (
            None
            if self._encoding == "utf-8"
            else codecs.getincrementaldecoder(self._encoding)(MARK_UNDECODABLE)
        )
        self._spare = b""
        self._ended = False
        self._head = b""

    def rewind(self) -> None:
        """Read the file from its beginning again, as if nothing of it had been read.

        Raises:
            FileAccessError: if the system refuses that.
        """
        assert self._opened is not None, "standard input is read once"
        with _read_errors(self.path):
            self._opened.file.seek(0)
        self._begin(self._opened.file)

    @property
    def size_bytes(self) -> int | None:
        """The file's size; None for anything but a regular file."""
        entry = self._opened.entry if self._opened is not None else None
        return entry.size if entry is not None and entry.kind == "file" else None

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file were read, before decompression."""
        return self._raw.bytes_read

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes of text, fewer only at the end.

        Raises:
            DataError: if a compressed file is damaged or cut short.
            FileAccessError: if the file cannot be read.
        """
        parts: list[bytes] = [self._spare] if self._spare else []
        have = len(self._spare)
        with _read_errors(self.path):
            while have < size and not self._ended:
                part = self._next_part(size - have)
                parts.append(part)
                have += len(part)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        data, self._spare = data[:size], data[size:]
        return data

    @property
    def head(self) -> tuple[bytes, bool]:
        """The first bytes, unpacked but not decoded, and whether they are all there is."""
        return self._head, self._ended and len(self._head) < _HEAD_BYTES

    def _next_part(self, wanted: int) -> bytes:
        data = self._decoded.read(wanted if self._decoder is None else _DECODE_BYTES)
        self._ended = not data
        if len(self._head) < _HEAD_BYTES:
            self._head += data[: _HEAD_BYTES - len(self._head)]
        if self._decoder is None:
            return data
        text = self._decoder.decode(data, final=not data)
        return text.encode("utf-8", MARK_UNDECODABLE)

    @property
    def is_seekable(self) -> bool:
        """Whether any of its bytes can be had without reading those before: it is not packed."""
        return self.size_bytes is not None and self._decoded is self._raw

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from anywhere in a file that is seekable; raises FileAccessError."""
        assert self._opened is not None
        with _read_errors(self.path):
            return self._opened.read_at(offset, size)

    def tail(self, size: int) -> bytes | None:
        """Return the file's last bytes; None where they are not to be had without reading it."""
        end = self.size_bytes
        if end is None or not self.is_seekable:
            return None
        return self.read_at(max(end - size, 0), size)

    def check_unchanged(self) -> None:
        """Raise DataError if the file is not what was opened any more."""
        if self._opened is not None:
            self._opened.check_unchanged()

    def hexdigest(self) -> str:
        """Return the SHA-256 of the file's bytes as read so far."""
        return self._raw.hexdigest()

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._opened is not None:
            self._opened.file.close()


def _stdin() -> IO[bytes]:
    if sys.stdin is None:
        raise InputMissingError(
            "standard input is closed", where=STDIN, hint="Open it, as with < FILE."
        )
    return sys.stdin.buffer


def open_input(path: str) -> OpenedFile:
    """Open `path` for reading bytes.

    Raises:
        InputMissingError: if there is no such file.
        FileAccessError: if it is a folder or cannot be read.
    """
    try:
        with interruptible():  # a FIFO waits for who writes to it
            return store_of(path).open(path)
    except FileNotFoundError as exc:
        raise no_such_file(path) from exc
    except OSError as exc:
        raise FileAccessError(f"cannot be read: {exc.strerror}", where=path) from exc


def _decompressed(raw: HashingFile, path: str) -> _Readable:
    suffix = Path(path).suffix.lower()
    if suffix == ".gz":
        return gzip.GzipFile(fileobj=raw, mode="rb")
    if suffix == ".bz2":
        return Bz2Members(raw)
    if suffix == ".zst":
        unpacked: _Readable = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
        return unpacked
    return raw


@contextmanager
def _read_errors(path: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
        raise DataError(
            "the compressed file is damaged or cut short",
            where=path,
            hint="Copy or download it again.",
        ) from exc
    except UnicodeError as exc:  # UTF-16 and UTF-32 text must say its byte order
        raise DataError(
            f"it is not text in the declared encoding: {exc}",
            where=path,
            hint="Say how it is written.",
        ) from exc
    except OSError as exc:
        if Path(path).suffix.lower() in (".bz2", ".zst") and exc.errno is None:
            raise DataError(
                "the compressed file is damaged or cut short",
                where=path,
                hint="Copy or download it again.",
            ) from exc
        raise FileAccessError(f"reading failed: {exc.strerror or exc}", where=path) from exc
