"""A pandas index of evenly spaced integers, which a Parquet file holds in its metadata only."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

_LARGEST = 2**63


@dataclass(frozen=True, kw_only=True)
class RangeIndex:
    """The column that `reset_index` would make of it."""

    name: str
    start: int
    step: int

    def add_to(self, batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
        """Return rows with the index as their last column.

        Args:
            batch: The rows.
            first: 0-based number of the first of them in the file.
        """
        numbers = np.arange(first, first + batch.num_rows, dtype=np.int64)
        return batch.append_column(self.name, pa.array(self.start + numbers * self.step))


def range_index(schema: pa.Schema, row_count: int) -> RangeIndex | None:
    """Return the named index that is not among a file's columns; None where there is none."""
    try:
        (index,) = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
        if index["kind"] != "range":
            return None
        name, start, stop, step = (index[key] for key in ("name", "start", "stop", "step"))
    except (KeyError, TypeError, ValueError, RecursionError):
        return None  # not written by pandas, or a whole column is the index
    if not isinstance(name, str) or name in schema.names:
        return None
    if not all(type(one) is int and abs(one) < _LARGEST for one in (start, stop, step)):
        return None
    if step == 0 or len(range(start, stop, step)) != row_count:
        return None
    return RangeIndex(name=name, start=start, step=step)
