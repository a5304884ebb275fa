"""Write Parquet: zstd, row groups of a useful size whatever the chunks'."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from titanic_batch.errors import TitanicBatchError
from titanic_batch.sinks.base import Payload, Rows

ROW_GROUP_ROWS = 1 << 16


@dataclass(frozen=True)
class ArrowEncoder:
    """Leaves tables as they are: the sink's rows may come from several."""

    def encode(self, table: pa.Table) -> Rows:
        """Return the rows."""
        return Rows(table)


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
    """Appends tables to a Parquet file; row groups are written while the next one is gathered.

    What writing raises comes out of the next call.

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
        self._thread: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None

    def write(self, payload: Payload) -> None:
        """Append an encoder's rows."""
        assert isinstance(payload, Rows)
        self.append(payload.table)

    def append(self, table: pa.Table) -> None:
        """Append rows."""
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        if self._waiting_rows >= ROW_GROUP_ROWS:
            self._wait()
            if self._thread is None:  # most files are over before
                self._thread = ThreadPoolExecutor(1)
            self._writing = self._thread.submit(self._write_group, self._taken())

    def finish(self) -> None:
        """Write the last row group and the footer."""
        self._wait()
        if self._waiting:
            self._write_group(self._taken())
        self._writer.close()

    def close(self) -> None:
        """Let go of the file: left to the garbage collector, the writer would write to it later."""
        with contextlib.suppress(OSError, TitanicBatchError, pa.ArrowException):
            self._wait()
        with contextlib.suppress(OSError, TitanicBatchError, pa.ArrowException):
            self._writer.close()
        if self._thread is not None:
            self._thread.shutdown()

    def _wait(self) -> None:
        """Wait until the last row group is written."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _taken(self) -> list[pa.Table]:
        tables, self._waiting, self._waiting_rows = self._waiting, [], 0
        return tables

    def _write_group(self, tables: list[pa.Table]) -> None:
        table = pa.concat_tables(tables)
        if table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)
