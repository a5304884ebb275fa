"""Count the rows of a published file."""

from __future__ import annotations

import csv
import os

import pyarrow as pa
import pyarrow.parquet as pq

from titanic_batch.errors import DataError, os_errors
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
        with os_errors(path, "reading"), as_text(store_of(path).open(path).file) as file:
            return max(sum(1 for _ in csv.reader(file)) - 1, 0)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise DataError(
            "it is not a readable CSV file", where=os.fspath(path), hint="Score it again."
        ) from exc
