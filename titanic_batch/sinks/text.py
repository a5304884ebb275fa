"""Lines of text, as Arrow arrays: what the sinks of text have in common."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from titanic_batch.arrow_arrays import array_of_list


def large(text: str) -> pa.LargeStringScalar:
    """Return a text as Arrow joins it to columns of any size."""
    return array_of_list([text], pa.string()).cast(pa.large_string())[0]


def content(lines: pa.LargeStringArray | pa.ChunkedArray) -> bytes:
    """Return the text of an array's cells, one after the other, straight from its buffers."""
    if isinstance(lines, pa.ChunkedArray):
        return b"".join(map(content, lines.chunks))
    _, offsets, data = lines.buffers()
    bounds = np.frombuffer(offsets, np.int64)[lines.offset : lines.offset + len(lines) + 1]
    return bytes(memoryview(data)[bounds[0] : bounds[-1]]) if len(lines) else b""
