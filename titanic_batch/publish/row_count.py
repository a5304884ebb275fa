"""Count the rows of a published file."""

from __future__ import annotations

import csv
import os

import pyarrow as pa
import pyarrow.parquet as pq

from titanic_batch.errors import DataError
from titanic_batch.publish.unpacked import open_unpacked
from titanic_batch.stores import store_of
from titanic_batch.stores.base import Name, as_text


def count_rows(path: Name, output_format: str) -> int:
    """Return the number of data rows; raises DataError where the file can't be read as such."""
    if output_format == "parquet":
        try:
            opened = store_of(path).open(path)
            with (
                opened.file,
                pq.ParquetFile(opened.local_name, page_checksum_verification=True) as file,
            ):
                return sum(batch.num_rows for batch in file.iter_batches(use_threads=False))
        except (pa.ArrowException, OSError) as exc:
            raise DataError(
                "it is not a readable Parquet file", where=os.fspath(path), hint="Score it again."
            ) from exc
    csv.field_size_limit(2**31 - 1)
    try:
        with open_unpacked(path) as file:
            if output_format == "jsonl":
                return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
            with as_text(file) as text:
                return max(sum(1 for _ in csv.reader(text)) - 1, 0)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise DataError(
            "it is not a readable CSV file", where=os.fspath(path), hint="Score it again."
        ) from exc
