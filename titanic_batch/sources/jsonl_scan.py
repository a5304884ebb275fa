"""Read all lines of a JSON Lines file for its columns, before any of them is scored."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

import pyarrow as pa

from titanic_batch.errors import DataError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.printable import printable_json, shell_quoted
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.formats import COMPRESSIONS, empty_input
from titanic_batch.sources.jsonl_fast import read_clean
from titanic_batch.sources.jsonl_parser import lines_of
from titanic_batch.sources.jsonl_records import Record, RecordError, read_record
from titanic_batch.sources.jsonl_schema import Columns

#: A file with more keys than that, few of which are in any one line, is no table.
_MANY_COLUMNS, _MANY_TIMES = 1_000, 100


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a file holds.

    Attributes:
        schema: Its columns.
        first: Its first lines; None where there are none.
        last: Its last lines.
        bytes_per_line: How long they are, on average.
    """

    schema: pa.Schema
    first: Chunk | None = None
    last: Chunk | None = None
    bytes_per_line: float = 0.0


def scan(chunks: Iterable[Chunk], path: str, *, allow_empty: bool) -> Scan:
    """Look at all lines of a file; those that are no records are left to its parser.

    Raises:
        InputMissingError: if there are none, and there must be.
        DataError: if no line is a record, or few have the same keys.
    """
    columns, lines, size = Columns(), 0, 0
    first: Chunk | None = None
    last: Chunk | None = None
    for last in chunks:
        stop_if_interrupted()
        first = first or last
        lines += last.row_count
        size += len(last.data)
        table = read_clean(last.data, last.row_count) if last.terminated else None
        if table is not None:
            columns.add_table(table)
        else:
            columns.add_records(list(_records_of(last)))
        _refuse_too_many(columns, path)
    if first is None:
        if not allow_empty:
            raise empty_input(path)
        return Scan(schema=columns.schema)
    if not columns.kinds:
        raise _no_records(first, path)
    return Scan(schema=columns.schema, first=first, last=last, bytes_per_line=size / lines)


def _records_of(chunk: Chunk) -> Iterator[Record]:
    for line in lines_of(chunk):
        try:
            yield read_record(line)
        except RecordError:
            continue


def _refuse_too_many(columns: Columns, path: str) -> None:
    count = len(columns.kinds)
    if count > _MANY_COLUMNS and count * columns.rows > _MANY_TIMES * columns.values:
        raise DataError(
            f"its first {columns.rows:,} records have {count:,} different keys, and each about "
            f"{columns.values / columns.rows:.0f} of them: that is no table",
            where=path,
            hint="Make values of the keys that differ from line to line.",
        )


def _no_records(first: Chunk, path: str) -> DataError:
    """Return the error for a file of which no line is an object with a key."""
    hint = 'Each line must be a JSON object, such as {"Age": 22}.'
    is_packed = path.lower().endswith(COMPRESSIONS)
    if first.data.lstrip().startswith((b"[", b"{")) and not is_packed:
        script = (
            f"import json; d = json.load(open({printable_json(path)})); "
            "[print(json.dumps(r)) for r in (d if isinstance(d, list) else [d])]"
        )
        target = str(PurePath(path).with_name(f"{PurePath(path).stem}.lines.jsonl"))
        command = f"{shell_quoted(sys.executable)} -c {shell_quoted(script)}"
        hint = f"If it is a JSON document, make lines of it: `{command} > {shell_quoted(target)}`"
    return DataError("no line of it is a JSON object with a key", where=path, hint=hint)
