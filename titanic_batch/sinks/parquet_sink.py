"""Write Parquet: zstd, row groups of a useful size whatever the chunks'."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from titanic_batch.errors import TitanicBatchError

ROW_GROUP_ROWS = 1 << 16


@dataclass(frozen=True)
class ArrowEncoder:
    """Turns tables into Arrow IPC streams, which carry them between processes."""

    def encode(self, table: pa.Table) -> bytes:
        """Return the rows as an Arrow IPC stream."""
        buffer = pa.BufferOutputStream()
        with pa.ipc.new_stream(buffer, table.schema) as writer:
            writer.write_table(table)
        payload: bytes = buffer.getvalue().to_pybytes()
        return payload


class ParquetSink:
    """Appends tables to a Parquet file.

    Args:
        file: Where to; the caller owns it.
        schema: The output's columns.
        metadata: What the file's own key-value metadata carries.
        repeating: Columns with few distinct values, which are worth a dictionary.
    """

    def __init__(
        self,
        file: IO[bytes],
        schema: pa.Schema,
        metadata: dict[str, str],
        repeating: Sequence[str] = (),
    ) -> None:
        self.encoder = ArrowEncoder()
        self._schema = schema
        self._writer = pq.ParquetWriter(
            pa.PythonFile(file, mode="w"),
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=list(repeating) or False,
            write_page_checksum=True,
        )
        self._writer.add_key_value_metadata(metadata)
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0

    def write(self, payload: bytes) -> None:
        """Append an Arrow IPC stream's rows."""
        with pa.ipc.open_stream(payload) as reader:
            table = reader.read_all()
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        if self._waiting_rows >= ROW_GROUP_ROWS:
            self._flush()

    def finish(self) -> None:
        """Write the last row group and the footer."""
        self._flush()
        self._writer.close()

    def close(self) -> None:
        """Let go of the file: left to the garbage collector, the writer would write to it later."""
        with contextlib.suppress(OSError, TitanicBatchError, pa.ArrowException):
            self._writer.close()

    def _flush(self) -> None:
        if self._waiting_rows:
            table = pa.concat_tables(self._waiting)
            self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self._waiting.clear()
        self._waiting_rows = 0
