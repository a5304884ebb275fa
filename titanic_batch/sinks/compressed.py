"""Compress a text file as it is written: one stream, the same bytes for the same rows."""

from __future__ import annotations

import contextlib
import io
import zlib
from dataclasses import dataclass
from typing import IO, Any, Protocol

import pyarrow as pa

from titanic_batch.errors import TitanicBatchError
from titanic_batch.sinks.base import Encoder, Format, Payload, Sink
from titanic_batch.sinks.names import Compression

#: What gzip itself takes. Level 9 makes text some 1 % smaller and takes twice the time.
_GZIP_LEVEL = 6
#: A gzip header, with no time and no name in it.
_GZIP_BITS = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class CompressedFormat:
    """Another format, compressed; see `titanic_batch.sinks.base.Format`.

    Attributes:
        plain: What is compressed.
        compression: With what: gzip at level 6, or zstd at level 1, as Parquet's pages.
    """

    plain: Format
    compression: Compression

    @property
    def rows(self) -> Encoder:
        """Makes what a sink takes: it is compressed there, in order."""
        return self.plain.rows

    @property
    def file(self) -> CompressedFileEncoder:
        """Makes whole files."""
        return CompressedFileEncoder(self)

    def open(self, file: IO[bytes]) -> CompressedSink:
        """Open a sink that writes to `file`."""
        return CompressedSink(file, self)


@dataclass(frozen=True)
class CompressedFileEncoder:
    """Turns tables into compressed files."""

    format: CompressedFormat

    def encode(self, table: pa.Table) -> bytes:
        """Return a file of these rows."""
        file = io.BytesIO()
        sink = self.format.open(file)
        sink.write(self.format.rows.encode(table))
        sink.finish()
        return file.getvalue()


class _Compressor(Protocol):
    """Writes to a file what it is given, compressed."""

    def write(self, data: bytes) -> object: ...

    def finish(self) -> None: ...


class _Gzip:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._stream = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_BITS)

    def write(self, data: bytes) -> None:
        self._file.write(self._stream.compress(data))

    def finish(self) -> None:
        self._file.write(self._stream.flush())


class _Zstd:
    def __init__(self, file: IO[bytes]) -> None:
        self._stream = pa.CompressedOutputStream(pa.PythonFile(_KeptOpen(file), mode="w"), "zstd")

    def write(self, data: bytes) -> None:
        self._stream.write(data)

    def finish(self) -> None:
        self._stream.close()


class _KeptOpen(io.RawIOBase):
    """A file that whoever writes to it cannot close."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._file.write(bytes(data))


class CompressedSink:
    """Appends to a compressed file.

    Args:
        file: Where to; the caller owns it.
        format: What is written.
    """

    def __init__(self, file: IO[bytes], format: CompressedFormat) -> None:
        self._compressor: _Compressor = _Gzip(file) if format.compression == "gzip" else _Zstd(file)
        self._is_finished = False
        self._sink: Sink = format.plain.open(self._compressor)  # type: ignore[arg-type]

    def write(self, payload: Payload) -> None:
        """Append an encoder's payload."""
        self._sink.write(payload)

    def finish(self) -> None:
        """Write what ends the file."""
        self._sink.finish()
        self._compressor.finish()
        self._is_finished = True

    def close(self) -> None:
        """Let go of the file: left to the garbage collector, zstd would write to it later."""
        self._sink.close()
        if not self._is_finished:
            with contextlib.suppress(OSError, TitanicBatchError, pa.ArrowException):
                self._compressor.finish()
