"""Turn cells into what a model column holds, losslessly or not at all.

Each converter takes one Arrow array and returns values of the column's own type, null where the
cell is null or faulty, with the faults beside them. Vectorised first; a column that does not pass
is read again exactly, once per distinct value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from titanic_batch.alignment.types import is_text
from titanic_batch.arrow_arrays import array_of, array_of_list, numpy_of, scalar_of
from titanic_batch.faults import Reason
from titanic_batch.json_cells import distinct_values
from titanic_batch.nulls import READ_AS_NULL
from titanic_batch.schema import Scalar

#: Cell texts that mean null where no value is spelled so: among numbers and booleans.
NULL_TEXTS = frozenset(READ_AS_NULL)

#: Above this, float64 no longer holds every integer.
MAX_EXACT_INTEGER = 2**53

#: From here on, int64 holds nothing.
MAX_INT64 = 2**63

_NUMBER = re.compile(r"[ \t]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t]*")
_WHOLE = re.compile(r"[ \t]*[+-]?[0-9]+(?:\.0*)?[ \t]*")
_INFINITE = re.compile(r"[ \t]*[+-]?inf(?:inity)?[ \t]*", re.IGNORECASE)
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
#: What a JSON object or list is rejected as, by the type that the column has.
_NO_SCALAR: dict[pa.DataType, Reason] = {
    pa.float64(): "not-a-number",
    pa.int64(): "not-an-integer",
    pa.bool_(): "not-a-boolean",
}


@dataclass(frozen=True, slots=True)
class Faulty:
    """A cell that can't be read as its column's type."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Converted:
    """A column after conversion.

    Attributes:
        values: One value per row; null where the cell is null or faulty.
        faults: Row and reason of each faulty cell, by row.
        distinct: Where cells were read once per distinct value: those values, in `values`' type.
        codes: With `distinct`: each row's position in it, null where the cell is null.
    """

    values: pa.Array
    faults: tuple[tuple[int, Reason], ...] = ()
    distinct: pa.Array | None = None
    codes: pa.Array | None = None


Reader = Callable[[object], "Scalar | Faulty | None"]


def to_number(cells: pa.Array, null_tokens: Sequence[str] = ()) -> Converted:
    """Return cells as float64: finite, and whole numbers only as far as float64 is exact."""
    cells = without_tokens(cells, null_tokens)
    values = _exact_floats(cells)
    if values is not None:
        return Converted(_without_numbers(values, null_tokens))
    return _by_distinct(cells, pa.float64(), lambda cell: read_number(cell, null_tokens))


def to_integer(cells: pa.Array, null_tokens: Sequence[str] = ()) -> Converted:
    """Return cells as int64: `3` and `3.0` are 3, `3.5` is none."""
    cells = without_tokens(cells, null_tokens)
    values = _exact_floats(cells)
    if values is not None and _all_whole(values):
        return Converted(pc.cast(_without_numbers(values, null_tokens), pa.int64()))
    return _by_distinct(cells, pa.int64(), lambda cell: read_integer(cell, null_tokens))


def to_boolean(cells: pa.Array, null_tokens: Sequence[str] = ()) -> Converted:
    """Return cells as booleans: true, false (in any case), 1 and 0."""
    if pat.is_boolean(cells.type):
        return Converted(cells)
    return _by_distinct(cells, pa.bool_(), lambda cell: read_boolean(cell, null_tokens))


def to_text(cells: pa.Array, null_tokens: Sequence[str] = ()) -> Converted:
    """Return cells as strings; whole numbers as their digits."""
    if is_text(cells.type) and not null_tokens:
        return Converted(pc.cast(cells, pa.string()))
    return _by_distinct(
        cells, pa.string(), lambda cell: None if is_null(cell, null_tokens) else as_text(cell)
    )


def to_values(cells: pa.Array, kind: pa.DataType, read: Callable[[object], object]) -> Converted:
    """Return what `read` makes of each distinct cell, as an array of `kind`."""
    return _by_distinct(cells, kind, read)


def read_number(cell: object, null_tokens: Sequence[str] = ()) -> float | Faulty | None:
    """Read one cell as a float64.

    Returns:
        The number; None for null; a fault for what is no number, infinite, or a whole number too
        large for float64 to hold.
    """
    if is_null(cell, null_tokens):
        return None
    if isinstance(cell, str):
        if cell in NULL_TEXTS:
            return None
        if _INFINITE.fullmatch(cell):
            return Faulty("not-finite")
        if not _NUMBER.fullmatch(cell):
            return Faulty("not-a-number")
        number = float(cell)
        if number in _numbers(null_tokens):
            return None
        if not np.isfinite(number):
            return Faulty("not-finite")
        # Not int(), which refuses more than 4,300 digits.
        inexact = abs(number) >= MAX_EXACT_INTEGER and Decimal(cell.strip()) != Decimal(number)
        return Faulty("not-a-number") if inexact and _WHOLE.fullmatch(cell) else number
    if isinstance(cell, bool):
        return float(cell)
    number = float(cell)  # type: ignore[arg-type]  # int, float or Decimal: what `mismatch` lets in
    if np.isinf(number):
        return Faulty("not-finite")
    # A Decimal fraction has a nearest float, as its text has; a whole number must be exact.
    whole = cell == int(cell)  # type: ignore[call-overload]
    return Faulty("not-a-number") if whole and number != cell else number


def read_integer(cell: object, null_tokens: Sequence[str] = ()) -> int | Faulty | None:
    """Read one cell as a whole number; see `read_number`."""
    number = read_number(cell, null_tokens)
    if number is None:
        return None
    if isinstance(number, Faulty):
        return number if number.reason == "not-finite" else Faulty("not-an-integer")
    return as_integer(number)


def as_integer(number: float) -> int | Faulty:
    """Return a number as the whole number that it is; int64 must be able to hold it."""
    if number.is_integer() and abs(number) < MAX_INT64:
        return int(number)
    return Faulty("not-an-integer")


def read_boolean(cell: object, null_tokens: Sequence[str] = ()) -> bool | Faulty | None:
    """Read one cell as a boolean: true, false (in any case), 1 or 0."""
    if is_null(cell, null_tokens) or cell in NULL_TEXTS:
        return None
    if isinstance(cell, str):
        return _BOOLEANS.get(cell.lower(), Faulty("not-a-boolean"))
    return bool(cell) if cell in (0, 1) else Faulty("not-a-boolean")


def is_null(cell: object, null_tokens: Sequence[str] = ()) -> bool:
    """Return whether a cell is null: empty, NaN, or one of the null tokens.

    A token means a text by its spelling. A number it means by its value, as it does to
    pandas.read_csv(na_values=...): -999 is -999.0, too.
    """
    if cell is None or isinstance(cell, str | bool):
        return cell is None or cell in null_tokens
    if isinstance(cell, float) and math.isnan(cell):
        return True
    return bool(null_tokens) and cell in _numbers(null_tokens)


def _numbers(null_tokens: Sequence[str]) -> list[float]:
    """Return the tokens that are numbers."""
    return [float(token) for token in null_tokens if _NUMBER.fullmatch(token)]


def as_text(cell: object) -> str | None:
    """Return a cell's text: whole numbers as their digits, booleans as Python writes them."""
    if cell is None:
        return None
    if isinstance(cell, float):
        if np.isnan(cell):
            return None
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell)


def without_tokens(cells: pa.Array, null_tokens: Sequence[str]) -> pa.Array:
    """Return texts with those that mean null made null."""
    if not null_tokens or not is_text(cells.type):
        return cells
    texts = pc.cast(cells, pa.large_string())
    tokens = pc.cast(array_of_list(null_tokens, pa.string()), pa.large_string())
    is_token = pc.is_in(texts, value_set=tokens)
    return pc.if_else(is_token, scalar_of(None, pa.large_string()), texts)


def _without_numbers(values: pa.Array, null_tokens: Sequence[str]) -> pa.Array:
    """Return float64 values with those that mean null made null: -999 may be one of them."""
    numbers = _numbers(null_tokens)
    if not numbers:
        return values
    is_token = pc.is_in(values, value_set=array_of_list(numbers, pa.float64()))
    return pc.if_else(is_token, scalar_of(None, pa.float64()), values)


def _exact_floats(cells: pa.Array) -> pa.Array | None:
    """Cast a column to exact float64 at once; None where it takes a closer look."""
    values = _as_floats(cells)
    if values is not None and _all_exact(values):
        return values
    if not is_text(cells.type):
        return None
    values = _as_floats(without_tokens(cells, READ_AS_NULL))
    return values if values is not None and _all_exact(values) else None


def _as_floats(cells: pa.Array) -> pa.Array | None:
    """Cast a column to float64 at once; None where it takes a closer look."""
    kind = cells.type
    if pat.is_float64(kind):
        return cells
    if not (is_text(kind) or pat.is_integer(kind) or pat.is_floating(kind) or pat.is_null(kind)):
        return None
    try:
        return pc.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        return None


def _all_exact(values: pa.Array) -> bool:
    """Return whether all values are finite and small enough for float64 to hold as integers."""
    if values.null_count == len(values):
        return True
    extremes = pc.min_max(values)
    low, high = extremes["min"].as_py(), extremes["max"].as_py()
    # min_max passes over NaN.
    within = low > -MAX_EXACT_INTEGER and high < MAX_EXACT_INTEGER
    return bool(within and not pc.any(pc.is_nan(values)).as_py())


def _all_whole(values: pa.Array) -> bool:
    whole = pc.all(pc.equal(values, pc.floor(values))).as_py()
    return whole is not False


def _by_distinct(cells: pa.Array, kind: pa.DataType, read: Callable[[object], object]) -> Converted:
    distinct, codes = distinct_values(cells)
    nested = Faulty(_NO_SCALAR.get(kind, "unknown-category"))
    results = [nested if isinstance(cell, dict | list) else read(cell) for cell in distinct]
    values = array_of_list([None if isinstance(r, Faulty) else r for r in results], kind)
    taken = values.take(codes)
    bad = [code for code, result in enumerate(results) if isinstance(result, Faulty)]
    if not bad:
        return Converted(taken, (), values, codes)
    bad_codes = array_of(np.array(bad, codes.type.to_pandas_dtype()))
    rows = np.flatnonzero(numpy_of(pc.is_in(codes, value_set=bad_codes)))
    reasons = {
        code: result.reason for code, result in enumerate(results) if isinstance(result, Faulty)
    }
    by_row = codes.take(array_of(rows)).to_pylist()
    faults = tuple((row, reasons[code]) for row, code in zip(rows.tolist(), by_row, strict=True))
    return Converted(taken, faults, values, codes)
