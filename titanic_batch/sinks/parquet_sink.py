"""Write Parquet: zstd, row groups of a useful size whatever the chunks'."""

from __future__ import annotations

import contextlib
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


@dataclass(frozen=True)
class ParquetFormat:
    """Parquet; see `titanic_batch.sinks.base.Format`.

    Attributes:
        schema: The output's columns.
        metadata: What the file's own key-value metadata carries.
        repeating: Columns with few distinct values, which are worth a dictionary.
    """

    schema: pa.Schema
    metadata: dict[str, str]
    repeating: tuple[str, ...] = ()
    rows = ArrowEncoder()

    @property
    def file(self) -> ParquetFileEncoder:
        """Makes whole files."""
        return ParquetFileEncoder(self)

    def open(self, file: IO[bytes]) -> ParquetSink:
        """Open a sink that writes to `file`."""
        return ParquetSink(pa.PythonFile(file, mode="w"), self)


@dataclass(frozen=True)
class ParquetFileEncoder:
    """Turns tables into Parquet files."""

    format: ParquetFormat

    def encode(self, table: pa.Table) -> bytes:
        """Return a file of these rows."""
        buffer = pa.BufferOutputStream()
        sink = ParquetSink(buffer, self.format)
        sink.append(table)
        sink.finish()
        content: bytes = buffer.getvalue().to_pybytes()
        return content


class ParquetSink:
    """Appends tables to a Parquet file.

    Args:
        file: Where to; the caller owns it.
        format: What is written.
    """

    def __init__(self, file: pa.NativeFile, format: ParquetFormat) -> None:
        self._writer = pq.ParquetWriter(
            file,
            format.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=list(format.repeating) or False,
            write_page_checksum=True,
        )
        self._writer.add_key_value_metadata(format.metadata)
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0

    def write(self, payload: bytes) -> None:
        """Append an Arrow IPC stream's rows."""
        with pa.ipc.open_stream(payload) as reader:
            self.append(reader.read_all())

    def append(self, table: pa.Table) -> None:
        """Append rows."""
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
