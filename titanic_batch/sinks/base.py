"""Sink: writes payloads in order, which an encoder made of tables in a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any, Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Rows:
    """A table on its way to a sink; as an Arrow IPC stream where it goes to another process."""

    table: pa.Table

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (self.to_stream(),)

    def to_stream(self) -> bytes:
        """Return the table as an Arrow IPC stream."""
        buffer = pa.BufferOutputStream()
        with pa.ipc.new_stream(buffer, self.table.schema) as writer:
            writer.write_table(self.table)
        stream: bytes = buffer.getvalue().to_pybytes()
        return stream


def _received(stream: bytes) -> Rows:
    with pa.ipc.open_stream(stream) as reader:
        return Rows(reader.read_all())


#: What a sink appends: text, a table, or a whole file.
Payload = bytes | Rows


class Encoder(Protocol):
    """The half of a sink that works on one chunk, in any process; it can be pickled."""

    def encode(self, table: pa.Table) -> Payload:
        """Return what the sink takes for these rows."""
        ...


class FileEncoder(Protocol):
    """Makes whole files, in any process; it can be pickled."""

    def encode(self, table: pa.Table) -> bytes:
        """Return a file that holds these rows and nothing else."""
        ...


class Sink(Protocol):
    """The half of a sink that owns the file."""

    def write(self, payload: Payload) -> None:
        """Append an encoder's payload."""
        ...

    def finish(self) -> None:
        """Write what ends the file; nothing may be written after it."""
        ...

    def close(self) -> None:
        """Let go of the file, finished or not; never raises."""
        ...


class Format(Protocol):
    """Writes files of one format."""

    @property
    def rows(self) -> Encoder:
        """Makes what a sink takes."""
        ...

    @property
    def file(self) -> FileEncoder:
        """Makes a whole file, the one that a sink would have written of the same rows."""
        ...

    def open(self, file: IO[bytes]) -> Sink:
        """Open a sink that writes to `file`, which stays the caller's."""
        ...
