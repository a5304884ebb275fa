"""Take options as Python callers give them: each as what it means, or a clear error."""

from __future__ import annotations

import difflib
import numbers
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from titanic_batch.errors import UsageError
from titanic_batch.scoring.options import ScoreOptions

_UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_LARGEST_CHUNK_BYTES = 1 << 30
_RENAMED = {"chunk_size": "chunk_bytes", "max_record": "max_record_bytes"}


class _WrongTypeError(Exception):
    """A value is not what an option takes; says what that is."""


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as `ScoreOptions` takes them, by its names.

    Args:
        options: By the flags' names, or the library's.

    Raises:
        UsageError: if there is no such option, or it takes something else.
    """
    found: dict[str, Any] = {}
    for name, value in options.items():
        field = _RENAMED.get(name, name)
        if field not in ScoreOptions.__dataclass_fields__:
            near = difflib.get_close_matches(name, _names(), n=1)
            raise UsageError(
                f"there is no option {name}", cure=f"Did you mean {near[0]}?" if near else ""
            )
        try:
            read: Callable[[Any], Any] = _READERS.get(field, _flag)
            found[field] = read(value)
        except _WrongTypeError as exc:
            raise UsageError(f"{name}={_shown(value)} is wrong", cure=f"It takes {exc}.") from exc
    return found


def parse_size(text: str | int, flag: str) -> int:
    """Parse a size in bytes: `65536`, `64KB`, `4MB`, `1GB` (powers of 1,024).

    Raises:
        UsageError: if it is no size, or not between 1 byte and 1 GB.
    """
    spelled = str(text).strip().upper().replace("IB", "B")
    number = spelled.rstrip("KMGB")
    unit = spelled[len(number) :]
    unit = unit if unit in _UNITS else f"{unit}B"
    try:
        size = int(float(number) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        size = 0
    if not 1 <= size <= _LARGEST_CHUNK_BYTES:
        raise UsageError(f"{flag} {text} is not a size", cure=f"Give for example {flag} 4MB.")
    return size


def _names() -> list[str]:
    return [*ScoreOptions.__dataclass_fields__, *_RENAMED]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _WrongTypeError("a text")
    return value


def _path(value: Any) -> str:
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise _WrongTypeError("a path")
    return str(os.fspath(value))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongTypeError("True or False")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not hasattr(type(value), "__index__") or value < 1:
        raise _WrongTypeError("a whole number from 1")
    return operator.index(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise _WrongTypeError("a number")
    return float(value)


def _size(flag: str) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        is_number = hasattr(type(value), "__index__") and not isinstance(value, bool)
        if not is_number and not isinstance(value, str):
            raise _WrongTypeError("a number of bytes, or a text such as '4MB'")
        return parse_size(value if isinstance(value, str) else operator.index(value), flag)

    return read


def _max_rejects(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        share = float(value) if isinstance(value, numbers.Real) else 0.0
        percent = f"{100 * share:g}%" if 0 < share < 1 else "1%"
        raise _WrongTypeError(f"a count, such as 10, or a share as a text: '{percent}'")
    return str(operator.index(value))


def _texts(value: Any) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value
    if isinstance(values, (bytes, Mapping)) or not isinstance(values, Iterable):
        raise _WrongTypeError("a text, or a list of texts")
    found = tuple(values)
    if not all(isinstance(one, str) for one in found):
        raise _WrongTypeError("a text, or a list of texts")
    return found


def _keep(value: Any) -> str | tuple[str, ...]:
    if not isinstance(value, str):
        return _texts(value)
    return value if value in ("all", "none") else tuple(value.split(","))


def _scalar(value: Any) -> bool:
    return isinstance(value, (str, bool, numbers.Real))


def _plain(value: Any) -> Any:
    """Return a number of numpy's as Python's own: options are written down as JSON."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _pairs(example: str, is_value: Callable[[Any], bool]) -> Callable[[Any], dict[str, Any]]:
    def read(value: Any) -> dict[str, Any]:
        fits = isinstance(value, Mapping) and all(
            isinstance(key, str) and is_value(one) for key, one in value.items()
        )
        if not fits:
            raise _WrongTypeError(f"a dict, such as {example}")
        return {key: _plain(one) for key, one in value.items()}

    return read


def _mappings(value: Any) -> dict[str, dict[str, Any]]:
    example = "{'Sex': {'male': 0, 'female': 1}}"
    if not isinstance(value, Mapping):
        raise _WrongTypeError(f"a dict of dicts, such as {example}")
    columns = _pairs(example, lambda texts: isinstance(texts, Mapping))(value)
    return {column: _pairs(example, _scalar)(texts) for column, texts in columns.items()}


def _one_of(*known: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in known:
            raise _WrongTypeError(" or ".join(map(repr, known)))
        return str(value)

    return read


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


#: What is not listed here is a switch.
_READERS: dict[str, Callable[[Any], Any]] = {
    "model": _path,
    "keep": _keep,
    "max_rejects": _max_rejects,
    "chunk_bytes": _size("--chunk-size"),
    "max_record_bytes": _size("--max-record"),
    "workers": _or_none(_count),
    "delimiter": _or_none(_text),
    "encoding": _text,
    "null": _texts,
    "rename": _pairs("{'gender': 'Sex'}", lambda value: isinstance(value, str)),
    "fill": _pairs("{'Age': 28}", _scalar),
    "allow_null": _texts,
    "unknown": _pairs("{'Sex': 'allow'}", lambda value: value in ("allow", "reject")),
    "map": _mappings,
    "threshold": _or_none(_number),
    "prediction_column": _text,
    "probability_column": _text,
    "trust": _texts,
    "output_format": _one_of("parquet", "csv"),
    "rejects": _or_none(_path),
}
