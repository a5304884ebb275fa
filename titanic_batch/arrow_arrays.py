"""Make Arrow arrays of numpy arrays and lists, and numpy arrays of Arrow's, without pandas.

`pyarrow.array`, `pyarrow.scalar` and `to_numpy` import pandas, only to ask whether they were given
something of it: a third of a second, which a run that scores a few hundred rows would wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_PLAIN = frozenset(map(np.dtype, (np.int64, np.int32, np.float64)))
_PLAIN_KINDS = frozenset((pa.int64(), pa.int32(), pa.float64()))
_MOST_EXACT = 2**53


def array_of(values: npt.NDArray[Any]) -> pa.Array:
    """Return an array's values, none of them null, as `pyarrow.array` does."""
    if values.dtype == np.bool_:
        return _from_bytes(pa.bool_(), len(values), np.packbits(values, bitorder="little"))
    if values.dtype in _PLAIN and values.ndim == 1:
        kind = pa.from_numpy_dtype(values.dtype)
        return _from_bytes(kind, len(values), np.ascontiguousarray(values))
    return pa.array(values)


def array_of_list(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return values, None for null, as `pyarrow.array(values, kind)` does, and raise as that."""
    held = {type(value) for value in values if value is not None}
    if pa.types.is_string(kind) and held <= {str}:
        builder = pa.lib.StringBuilder()
        builder.append_values(values)
        return builder.finish()
    dtype = _dtype_of(kind, held, values)
    if dtype is None:
        return pa.array(values, kind)
    filled = array_of(np.array([0 if value is None else value for value in values], dtype=dtype))
    valid = np.array([value is not None for value in values], dtype=np.bool_)
    if valid.all():
        return filled
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [bits, filled.buffers()[1]])


def scalar_of(value: Any, kind: pa.DataType) -> pa.Scalar:
    """Return a value, None for null, as `pyarrow.scalar(value, kind)` does."""
    return pa.nulls(1, kind)[0] if value is None else array_of_list([value], kind)[0]


def _dtype_of(kind: pa.DataType, held: set[type], values: Sequence[Any]) -> type | None:
    """Return the numpy type that holds values of some types as Arrow's `kind` does."""
    if pa.types.is_boolean(kind) and held <= {bool}:
        return np.bool_
    if held <= {int, float} and all(
        abs(value) <= _MOST_EXACT for value in values if type(value) is int
    ):
        if pa.types.is_float64(kind):
            return np.float64
        if pa.types.is_int64(kind) and float not in held:
            return np.int64
    return None


def _from_bytes(kind: pa.DataType, length: int, data: npt.NDArray[Any]) -> pa.Array:
    return pa.Array.from_buffers(kind, length, [None, pa.py_buffer(data)])


def numpy_of(values: pa.Array) -> npt.NDArray[Any]:
    """Return an Arrow array's values as its `to_numpy` does: of numbers, NaN for null."""
    kind = values.type
    if pa.types.is_boolean(kind) and values.null_count == 0:
        return _bits(values.buffers()[1], values)
    if kind not in _PLAIN_KINDS:
        return np.asarray(values.to_numpy(zero_copy_only=False))
    start, count = values.offset, len(values)
    result: npt.NDArray[Any] = np.frombuffer(values.buffers()[1] or b"", kind.to_pandas_dtype())
    result = result[start : start + count]
    if values.null_count:
        null = ~_bits(values.buffers()[0], values)
        result = np.where(null, np.nan, result)
    return result


def _bits(buffer: pa.Buffer | None, values: pa.Array) -> npt.NDArray[np.bool_]:
    """Return the bits of a buffer that belong to an array's values."""
    if buffer is None:
        return np.zeros(0, dtype=np.bool_)
    octets = np.frombuffer(buffer, np.uint8)
    start, count = values.offset, len(values)
    bits = np.unpackbits(octets[start // 8 : (start + count + 7) // 8], bitorder="little")
    return bits[start % 8 : start % 8 + count].view(np.bool_)
