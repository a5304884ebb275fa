"""Read files with the columns of their partition: a source around a source, and its parser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.errors import DataError
from titanic_batch.json_cells import is_json, plain_texts
from titanic_batch.sources.base import (
    Chunk,
    InputInfo,
    Parsed,
    Parser,
    RawRecord,
    Reading,
    Sample,
    Source,
)
from titanic_batch.sources.partition import Partition


@dataclass(frozen=True, kw_only=True)
class PartitionedParser:
    """Parses the chunks of a file that has columns in its folders' names.

    What the file itself holds of these must be the same, and is taken as it is there.

    Attributes:
        parser: Parses the chunks of the file itself.
        names: All columns in the folders' names, as chunks have their values.
        added: Those that the file itself does not hold.
        path: The file, for errors; parsers of like files are equal.
    """

    parser: Parser
    names: tuple[str, ...]
    added: tuple[str, ...]
    path: str = field(default="", compare=False)

    def parse(self, chunk: Chunk) -> Parsed:
        """Read the chunk's records, and add the columns.

        Raises:
            DataError: if the file holds such a column, and another value in it.
        """
        parsed = self.parser.parse(chunk)
        differs = self._first_difference(parsed.cells, chunk)
        if differs is not None:
            name, row = differs
            at = row if parsed.rows is None else int(parsed.rows[row])
            raise self._contradiction(name, chunk.first_row + at)
        return replace(parsed, cells=self._with_columns(parsed.cells, [chunk]))

    def parse_together(self, chunks: Sequence[Chunk]) -> pa.Table | None:
        """Read the records of several chunks, each with its own values in the columns."""
        cells = self.parser.parse_together(chunks)
        if cells is None:
            return None
        start = 0
        for chunk in chunks:
            if self._first_difference(cells.slice(start, chunk.row_count), chunk) is not None:
                return None
            start += chunk.row_count
        return self._with_columns(cells, chunks)

    def raw_records(self, chunk: Chunk, indices: Sequence[int]) -> list[RawRecord]:
        """Return the records as the file holds them."""
        return self.parser.raw_records(chunk, indices)

    def _with_columns(self, cells: pa.Table, chunks: Sequence[Chunk]) -> pa.Table:
        counts = [chunk.row_count for chunk in chunks] if len(chunks) > 1 else [cells.num_rows]
        for name in self.added:
            at = self.names.index(name)
            values = pa.array([chunk.partition[at] for chunk in chunks], pa.string())
            rows = pa.array(np.repeat(np.arange(len(chunks)), counts))
            cells = cells.append_column(pa.field(name, pa.string()), values.take(rows))
        return cells

    def _first_difference(self, cells: pa.Table, chunk: Chunk) -> tuple[str, int] | None:
        """Return where the file says another thing than its folders: the column and the row."""
        for name, value in zip(self.names, chunk.partition, strict=True):
            if name in self.added or not cells.num_rows:
                continue
            column = cells.column(name).combine_chunks()
            if is_json(column.type):
                column = plain_texts(column)
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            try:
                distinct = column.unique()
            except pa.ArrowNotImplementedError:  # nested: no name of a folder says the same
                return name, 0
            others = [not _is_same(cell, value) for cell in distinct.to_pylist()]
            if any(others):
                found = pc.is_in(column, value_set=distinct.filter(pa.array(others)))
                return name, pc.index(found, True).as_py()
        return None

    def _contradiction(self, name: str, row: int) -> DataError:
        return DataError(
            f"column {name} stands in the file and in the name of its folder, and they differ",
            where=f"{self.path}, row {row}, column {name}",
            hint="Correct one of them; or score the file by itself, by its own path: then only "
            "what is in it counts.",
        )


def _is_same(cell: object, text: str | None) -> bool:
    """Return whether a cell says what a folder's name says: `7` is `07`, midnight is its day."""
    if cell is None or cell != cell or text is None:  # noqa: PLR0124  # NaN
        return (cell is None or cell != cell) == (text is None)  # noqa: PLR0124
    if isinstance(cell, bool):
        return str(cell).lower() == text.lower()
    if isinstance(cell, datetime):
        try:
            return datetime.fromisoformat(text) == cell
        except (ValueError, TypeError):
            return False
    if str(cell) == text:
        return True
    try:
        return isinstance(cell, str | int | float | Decimal) and Decimal(str(cell)) == Decimal(text)
    except InvalidOperation:
        return False


def partitioned_schema(schema: pa.Schema, partition: Partition) -> pa.Schema:
    """Return a file's schema with the columns of its partition that it does not hold itself."""
    held = set(schema.names)
    for name, _ in partition if held else ():  # an empty file has no columns at all
        if name not in held:
            schema = schema.append(pa.field(name, pa.string()))
    return schema


def _partitioned_parser(
    parser: Parser, schema: pa.Schema, partition: Partition, path: str
) -> PartitionedParser:
    names = tuple(name for name, _ in partition)
    return PartitionedParser(
        parser=parser,
        names=names,
        added=tuple(name for name in names if schema.names and name not in schema.names),
        path=path,
    )


def partitioned_reading(reading: Reading, partition: Partition) -> Reading:
    """Return a sample of a file as it is read with its partition."""
    if not partition:
        return reading
    values = tuple(value for _, value in partition)
    return Reading(
        schema=partitioned_schema(reading.schema, partition),
        text_cells=reading.text_cells,
        parser=_partitioned_parser(reading.parser, reading.schema, partition, ""),
        chunks=tuple(replace(chunk, partition=values) for chunk in reading.chunks),
    )


class PartitionedSource:
    """A source whose rows have the columns of its partition, too; samples are of the file alone.

    Args:
        source: Reads the file.
        partition: The columns.
        path: The file, for errors.
    """

    def __init__(self, source: Source, partition: Partition, path: str) -> None:
        self.schema = partitioned_schema(source.schema, partition)
        self.text_cells = source.text_cells
        self.text_format = source.text_format
        self.parser = _partitioned_parser(source.parser, source.schema, partition, path)
        self.partition = tuple(item for item in partition if item[0] in self.parser.added)
        self._values = tuple(value for _, value in partition)
        self._source = source

    @property
    def size_bytes(self) -> int | None:
        """The file's size."""
        return self._source.size_bytes

    @property
    def bytes_read(self) -> int:
        """How much of it has been read."""
        return self._source.bytes_read

    def chunks(self) -> Iterator[Chunk]:
        """Yield the file's chunks, with the columns' values."""
        for chunk in self._source.chunks():
            yield replace(chunk, partition=self._values)

    def head(self) -> Sample:
        """Return its first records."""
        return self._source.head()

    def sample(self, picked: Sequence[tuple[Chunk, Sequence[int]]]) -> Sample:
        """Return some of its records."""
        return self._source.sample(picked)

    def unterminated_end(self) -> Sample | None:
        """Return a last record without a newline."""
        return self._source.unterminated_end()

    def release(self) -> None:
        """Close the file, of which all is read."""
        self._source.release()

    def info(self) -> InputInfo:
        """Return what was read."""
        return self._source.info()

    def close(self) -> None:
        """Close the file."""
        self._source.close()
