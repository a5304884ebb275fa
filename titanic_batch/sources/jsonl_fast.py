"""Read lines of JSON with Arrow, where that is sure to read what the exact half reads."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json

#: From here on a float64 does not hold every integer.
_INEXACT = 2**53
#: To Python an integer without a sign; to Arrow, among floats, one with.
_MINUS_ZERO = re.compile(rb"-0\s*[,}]")
_BETWEEN = re.compile(rb"\}[ \t]*\r?\n[ \t]*\{")
_SCALARS = (pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string())


def read_clean(data: bytes, row_count: int, schema: pa.Schema | None = None) -> pa.Table | None:
    """Read whole lines, each one flat object; None where they take a closer look.

    Arrow reads objects, not lines: two in a line and one over two lines as well. Where every line
    begins and ends as an object does, and no value nests, each line is one.

    Args:
        data: The lines.
        row_count: How many there are.
        schema: The columns; None to find out which there are, texts that are dates as such.
    """
    if schema is not None and any(kind not in _SCALARS for kind in schema.types):
        return None
    if not _is_plain(data, row_count):
        return None
    options = json.ParseOptions(
        explicit_schema=schema,
        unexpected_field_behavior="infer" if schema is None else "error",
    )
    try:
        table = json.read_json(
            pa.BufferReader(data),
            read_options=json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=options,
        )
    except (pa.ArrowException, UnicodeError):
        return None
    if table.num_rows != row_count or not all(map(_is_exact, table.columns)):
        return None
    return table


def _is_plain(data: bytes, row_count: int) -> bool:
    if not (data.startswith(b"{") and data.rstrip(b" \t\r\n").endswith(b"}")):
        return False
    if len(_BETWEEN.findall(data)) != row_count - 1:
        return False
    if b"\\u0000" in data or b"\0" in data or _MINUS_ZERO.search(data) is not None:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_exact(column: pa.ChunkedArray) -> bool:
    """Return whether a column holds the very values: nothing nested, infinite or rounded."""
    if pa.types.is_nested(column.type):
        return False
    if not pa.types.is_float64(column.type) or column.null_count == len(column):
        return True
    extremes = pc.min_max(pc.abs(column)).as_py()
    is_small = extremes["max"] < _INEXACT
    return bool(is_small and not pc.any(pc.is_nan(column)).as_py())
