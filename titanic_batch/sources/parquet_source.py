"""A Parquet input: row groups, or slices of them, as Arrow batches."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from titanic_batch.arrow_arrays import array_of_list
from titanic_batch.errors import DataError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.sources.base import Chunk, InputInfo, Parsed, RawRecord, TextFormat
from titanic_batch.sources.foreign import csv_named_parquet, foreign_content
from titanic_batch.sources.formats import empty_input
from titanic_batch.sources.partition import Partition
from titanic_batch.sources.range_index import RangeIndex, range_index
from titanic_batch.sources.sample import MOST_ROWS, TableSample
from titanic_batch.sources.stream import open_input
from titanic_batch.sources.table_parser import duplicate_names
from titanic_batch.stores.base import OpenedFile

_HASH_BLOCK_BYTES = 1 << 20
_MAX_ROWS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ParquetParser:
    """Parses the chunks of one Parquet file: they are Arrow IPC streams of one batch."""

    def parse(self, chunk: Chunk) -> Parsed:
        """Read the chunk's batch; its columns keep the file's own types."""
        return Parsed(cells=_table(chunk), rows=None)

    def parse_together(self, chunks: Sequence[Chunk]) -> pa.Table | None:
        """Read several chunks' batches as one; None where each may have a dictionary of its own."""
        tables = [_table(chunk) for chunk in chunks]
        first = tables[0].schema
        if any(pa.types.is_dictionary(kind) or pa.types.is_nested(kind) for kind in first.types):
            return None
        if any(not table.schema.equals(first) for table in tables):
            return None
        return pa.concat_tables(tables).combine_chunks()

    def raw_records(self, chunk: Chunk, indices: Sequence[int]) -> list[RawRecord]:
        """Return the rows at the 0-based positions `indices` as JSON."""
        rows = _table(chunk).take(array_of_list(indices, pa.int64())).to_pylist()
        return [RawRecord(None, _json(row)) for row in rows]


class ParquetSource:
    """Reads a Parquet file batch by batch; see `titanic_batch.sources.base.Source`.

    Page checksums are verified where the file has them.

    Raises:
        InputMissingError: if it does not exist or is empty.
        DataError: if it is no Parquet file, is cut short, or repeats a column name.
        FileAccessError: if it cannot be read.
    """

    text_cells = False
    text_format: TextFormat | None = None
    partition: Partition = ()

    def __init__(self, path: str, *, chunk_bytes: int, allow_empty: bool = False) -> None:
        self._path = path
        self._opened = open_input(path)
        self._file = self._opened.file
        self._parquet: pq.ParquetFile | None = None
        try:
            self._size = self._opened.entry.size
            if not allow_empty:
                _refuse_empty(self._size, path)
            self._sha256 = ""
            self.schema = pa.schema([])
            if self._size:
                self._parquet = self._open()
                self.schema = _without_views(self._parquet.schema_arrow)
            _refuse_duplicates(self.schema.names, path)
            self._index = self._index_in_metadata()
        except BaseException:
            self.close()
            raise
        self.parser = ParquetParser()
        self._chunk_bytes = chunk_bytes
        self._share_read = 0.0

    def _index_in_metadata(self) -> RangeIndex | None:
        """Find an index that is no column yet, and give the schema a column for it."""
        if self._parquet is None:
            return None
        index = range_index(self.schema, self._parquet.metadata.num_rows)
        if index is not None:
            self.schema = self.schema.append(pa.field(index.name, pa.int64()))
        return index

    def _open(self) -> pq.ParquetFile:
        try:
            file = pq.ParquetFile(self._opened.local_name, page_checksum_verification=True)
            for name in file.schema_arrow.names:  # decoded here, where damage may have hit them
                name.encode()
            return file
        except (pa.ArrowException, OSError, UnicodeError) as exc:
            head = self._opened.read_at(0, 4096)
            if error := foreign_content(self._path, head, called="Parquet"):
                raise error from exc
            raise DataError(
                f"it is not a readable Parquet file ({_first_line(exc)})",
                where=self._path,
                hint=csv_named_parquet(self._path, head),
            ) from exc

    @property
    def size_bytes(self) -> int | None:
        """The file's size."""
        return self._size

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read, reckoned from the rows."""
        return int(self._share_read * (self.size_bytes or 0))

    def row_groups(self) -> list[Any]:
        """Return what the footer says of each row group."""
        return [] if self._parquet is None else _groups(self._parquet.metadata)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from anywhere in the file; raises OSError."""
        return self._opened.read_at(offset, size)

    def chunks(self) -> Iterator[Chunk]:
        """Yield row groups, or slices of them, of about the chunk size in memory.

        Raises:
            DataError: if a page is damaged.
        """
        self._hash()
        if self._parquet is None:
            return
        yield from self.chunks_of(range(self._parquet.metadata.num_row_groups))
        total = self._parquet.metadata.num_rows
        counted = sum(group.num_rows for group in _groups(self._parquet.metadata))
        if counted != total:  # the footer counts rows for the file and again for each row group
            raise self._damaged(counted, total)

    def chunks_of(self, groups: Sequence[int], *, first_row: int = 1) -> Iterator[Chunk]:
        """Yield some of the row groups; see `chunks`.

        Args:
            groups: Their positions, ascending.
            first_row: 1-based number of their first row.
        """
        assert self._parquet is not None
        metadata = self._parquet.metadata
        total = sum(group.num_rows for group in _groups(metadata, groups))
        size = _rows_per_chunk(_groups(metadata, groups), self._chunk_bytes)
        read = 0
        try:
            for batch in self._parquet.iter_batches(size, row_groups=groups, use_threads=False):
                batch.validate(full=True)  # a page without a checksum may hold text that is none
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, self.schema) as writer:
                    writer.write_batch(self._as_declared(batch, first_row - 1 + read))
                count = batch.num_rows
                self._share_read = (first_row - 1 + read + count) / max(metadata.num_rows, 1)
                yield Chunk(
                    data=sink.getvalue().to_pybytes(),
                    first_row=first_row + read,
                    row_count=count,
                    is_all=count == metadata.num_rows,
                )
                read += count
        except (pa.ArrowException, OSError) as exc:
            raise DataError(
                f"it is damaged after row {first_row - 1 + read} ({_first_line(exc)})",
                where=self._path,
                hint="Copy or make it again.",
            ) from exc
        if read != total:
            raise self._damaged(read, total)

    def _damaged(self, found: int, expected: int) -> DataError:
        return DataError(
            f"it is damaged: it holds {found} rows where {expected} should be",
            where=self._path,
            hint="Copy or make it again.",
        )

    def _as_declared(self, batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
        """Return rows in the schema's columns and types; `first` is their number in the file."""
        whole = batch if self._index is None else self._index.add_to(batch, first)
        return whole.cast(self.schema)

    def head(self) -> TableSample:
        """Return its first rows; none where they cannot be read."""
        table = self.schema.empty_table()
        try:
            if self._parquet is not None:
                batch = next(self._parquet.iter_batches(MOST_ROWS, use_threads=False), None)
                if batch is not None:
                    table = pa.Table.from_batches([self._as_declared(batch, 0)])
        except (pa.ArrowException, OSError):
            pass  # a damaged page, of which `chunks` tells
        return TableSample(table=table, parser=self.parser)

    def sample(self, picked: Sequence[tuple[Chunk, Sequence[int]]]) -> TableSample:
        """Return some of its rows."""
        tables = [_table(chunk).take(array_of_list(rows, pa.int64())) for chunk, rows in picked]
        return TableSample(
            table=pa.concat_tables([self.schema.empty_table(), *tables]), parser=self.parser
        )

    def unterminated_end(self) -> None:
        """Return nothing: a table that is cut short cannot be opened."""

    def release(self) -> None:
        """Close the file, of which all is read; raises DataError if it changed meanwhile."""
        self._opened.check_unchanged()
        self.close()

    def info(self) -> InputInfo:
        """Return what was read; raises DataError if the file changed since it was opened."""
        sha256 = self._hash()
        self._opened.check_unchanged()
        return InputInfo(path=self._path, format="parquet", bytes=self._size, sha256=sha256)

    def _hash(self) -> str:
        """Hash the file once, when it is first asked for: a part of it can be read without."""
        if not self._sha256:
            self._sha256 = _hash(self._opened)
        return self._sha256

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self._parquet is not None:
            self._parquet.close()


def _refuse_empty(size: int, path: str) -> None:
    if size == 0:
        raise empty_input(path)


def _hash(opened: OpenedFile) -> str:
    """Return a file's SHA-256; what reads it by its name keeps its place."""
    digest = hashlib.sha256()
    offset = 0
    while block := opened.read_at(offset, _HASH_BLOCK_BYTES):
        stop_if_interrupted()
        digest.update(block)
        offset += len(block)
    return digest.hexdigest()


def _groups(metadata: pq.FileMetaData, which: Sequence[int] | None = None) -> list[Any]:
    """Return what the footer says of row groups; of all of them where none are named."""
    chosen = range(metadata.num_row_groups) if which is None else which
    return [metadata.row_group(index) for index in chosen]


def _rows_per_chunk(groups: Sequence[Any], chunk_bytes: int) -> int:
    size = sum(group.total_byte_size for group in groups)
    bytes_per_row = max(size / max(sum(group.num_rows for group in groups), 1), 1.0)
    return int(min(max(chunk_bytes / bytes_per_row, 1), _MAX_ROWS))


def _refuse_duplicates(names: list[str], path: str) -> None:
    duplicates = duplicate_names(names)
    if duplicates:
        raise DataError(f"it repeats column {', '.join(duplicates)}", where=path)


def _without_views(schema: pa.Schema) -> pa.Schema:
    """Return a schema with plain types for views: Arrow cannot take rows of those."""
    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    for index, field in enumerate(schema):
        if field.type in plain:
            schema = schema.set(index, field.with_type(plain[field.type]))
    return schema


def _table(chunk: Chunk) -> pa.Table:
    with pa.ipc.open_stream(chunk.data) as reader:
        return reader.read_all()


def _json(row: dict[str, Any]) -> str:
    try:
        return json.dumps(row, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:  # JSON has no NaN and no infinity
        return json.dumps(_finite(row), ensure_ascii=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value


def _first_line(exc: BaseException) -> str:
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__
