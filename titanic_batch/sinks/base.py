"""What a sink is: its encoder, in a worker, makes payloads of tables; it writes them in order."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa


class Encoder(Protocol):
    """The half of a sink that works on one chunk, in any process; it can be pickled."""

    def encode(self, table: pa.Table) -> bytes:
        """Return what the sink takes for these rows."""
        ...


class Sink(Protocol):
    """The half of a sink that owns the file."""

    @property
    def encoder(self) -> Encoder:
        """Makes what `write` takes."""
        ...

    def write(self, payload: bytes) -> None:
        """Append an encoder's payload."""
        ...

    def finish(self) -> None:
        """Write what ends the file; nothing may be written after it."""
        ...

    def close(self) -> None:
        """Let go of the file, finished or not; never raises."""
        ...
