"""Read training data that is JSON Lines: every value in its own type, as scoring reads it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from titanic_batch.errors import DataError
from titanic_batch.json_cells import is_json, values_of
from titanic_batch.sources.base import Chunk, Parsed
from titanic_batch.sources.opening import open_source

_CHUNK_BYTES = 4 << 20
_MAX_RECORD_BYTES = 16 << 20


def read_jsonl(path: Path, encoding: str) -> pd.DataFrame:
    """Return all records, a column for each key.

    Raises:
        DataError: if a line is no record.
    """
    source = open_source(
        str(path),
        chunk_bytes=_CHUNK_BYTES,
        max_record_bytes=_MAX_RECORD_BYTES,
        encoding=encoding,
        allow_no_final_newline=True,
    )
    try:
        tables = [
            _whole(source.parser.parse(chunk), chunk, path).cells for chunk in source.chunks()
        ]
        source.info()
    finally:
        source.close()
    table = pa.concat_tables(tables)
    plain = [field.name for field in table.schema if not is_json(field.type)]
    frame: pd.DataFrame = table.select(plain).to_pandas()
    for name in table.column_names:
        if name not in frame:
            values = values_of(table.column(name).combine_chunks())
            frame[name] = pd.Series(values, dtype="object")
    ordered: pd.DataFrame = frame[table.column_names]
    return ordered


def _whole(parsed: Parsed, chunk: Chunk, path: Path) -> Parsed:
    if parsed.faults:
        fault = parsed.faults[0]
        raise DataError(
            f"the line is no record: {fault.reason}",
            where=f"{path}, line {chunk.first_line + fault.index}"
            + (f", column {fault.column}" if fault.column else ""),
            hint="Fix it in the training data.",
        )
    return parsed
