"""One line of JSON at a time: read it strictly, or say what is wrong. The exact, slow half."""

from __future__ import annotations

import codecs
import json
import math
from collections import Counter
from typing import Any

from titanic_batch.faults import Reason

#: Deeper nesting is no record. Python's own limit depends on who calls; this one does not.
_DEEPEST = 100

#: Numbers within are finite, and float64 holds their like; NaN is not among them.
_PLAIN = 1e308
_NUMBERS, _OTHERS = frozenset((int, float)), frozenset((str, bool, type(None)))

Record = dict[str, Any]


class RecordError(ValueError):
    """A line is no record.

    Attributes:
        reason: Why.
        column: The key at which; empty where the whole line is meant.
    """

    def __init__(self, reason: Reason, column: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column


def read_record(line: bytes) -> Record:
    """Read a line as one JSON object, whose values are finite and whose texts are text.

    Raises:
        RecordError: if it is none.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as exc:
        raise RecordError("bad-encoding") from exc
    if line.startswith(codecs.BOM_UTF8):  # a file was joined on here
        raise RecordError("bad-encoding")
    if not text.strip(" \t\r\n"):
        raise RecordError("wrong-width")
    record = _decoded(text)
    if not isinstance(record, dict):
        raise RecordError("wrong-width")
    is_escaped = "\\u" in text  # nothing else makes half a surrogate pair, or a NUL
    if is_escaped and not all(map(_is_text, record)):
        raise RecordError("bad-encoding")
    for name, value in record.items():
        kind = type(value)
        if kind in _NUMBERS:
            if -_PLAIN < value < _PLAIN:
                continue
        elif kind in _OTHERS and not is_escaped:
            continue
        if (reason := _value_fault(value)) is not None:
            raise RecordError(reason, name)
    return record


def _decoded(text: str) -> Any:
    try:
        if text.startswith("{"):
            record, end = _DECODER.raw_decode(text)
            if end == len(text):
                return record
        return _DECODER.decode(text)
    except RecordError:
        raise
    except (json.JSONDecodeError, RecursionError) as exc:
        raise RecordError("bad-quote") from exc
    except ValueError as exc:  # Python reads no number of so many digits, nor does a float hold it
        raise RecordError("not-finite") from exc


def _unique(pairs: list[tuple[str, Any]]) -> Record:
    """Build an object; a key that comes twice is refused, as a header that repeats a name is."""
    record = dict(pairs)
    if len(record) < len(pairs):
        ((twice, _), *_) = Counter(name for name, _ in pairs).most_common(1)
        raise RecordError("wrong-width", twice)
    return record


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def _value_fault(value: Any, depth: int = 0) -> Reason | None:
    """Return what keeps a value from being held as it is; NaN, too, is read until here."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if _is_text(value) else "bad-encoding"
    if isinstance(value, int | float):
        return None if _is_finite(value) else "not-finite"
    if depth >= _DEEPEST:
        return "bad-quote"
    if isinstance(value, dict) and not all(map(_is_text, value)):
        return "bad-encoding"
    inner = value.values() if isinstance(value, dict) else value
    return next(
        (reason for one in inner if (reason := _value_fault(one, depth + 1)) is not None), None
    )


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond all floats
        return False


def _is_text(text: str) -> bool:
    """Return whether a string could stand in a file: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
