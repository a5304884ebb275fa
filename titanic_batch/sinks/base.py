"""Sink: writes payloads in order, which an encoder made of tables in a worker."""

from __future__ import annotations

from typing import IO, Protocol

import pyarrow as pa


class Encoder(Protocol):
    """The half of a sink that works on one chunk, in any process; it can be pickled."""

    def encode(self, table: pa.Table) -> bytes:
        """Return what the sink takes for these rows, or a file that holds nothing else."""
        ...


class Sink(Protocol):
    """The half of a sink that owns the file."""

    def write(self, payload: bytes) -> None:
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
    def file(self) -> Encoder:
        """Makes a whole file, the one that a sink would have written of the same rows."""
        ...

    def open(self, file: IO[bytes]) -> Sink:
        """Open a sink that writes to `file`, which stays the caller's."""
        ...
