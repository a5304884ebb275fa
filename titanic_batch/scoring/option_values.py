"""Read the values that callers in Python give options: each as what it means, or a clear error.

Each reader is told the option's flag as well, for messages, and raises WrongValueError.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from titanic_batch.scoring.option_texts import parse_size

if TYPE_CHECKING:
    from titanic_batch.schema import Scalar


class WrongValueError(Exception):
    """A value is not what an option takes; says what that is."""


def text(value: Any, _flag: str) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise WrongValueError("a text")
    return value


def path(value: Any, _flag: str) -> str:
    """Return a path as text."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise WrongValueError("a path")
    return str(os.fspath(value))


def switch(value: Any, _flag: str) -> bool:
    """Return True or False."""
    if not isinstance(value, bool):
        raise WrongValueError("True or False")
    return value


def _is_real(value: Any) -> bool:
    import numbers

    return isinstance(value, numbers.Real)


def _is_whole(value: Any) -> bool:
    return hasattr(type(value), "__index__") and not isinstance(value, bool)


def count(value: Any, _flag: str) -> int:
    """Return a whole number from 1."""
    if not _is_whole(value) or value < 1:
        raise WrongValueError("a whole number from 1")
    return operator.index(value)


def whole(value: Any, _flag: str) -> int:
    """Return a whole number from 0."""
    if not _is_whole(value) or value < 0:
        raise WrongValueError("a whole number from 0")
    return operator.index(value)


def number(value: Any, _flag: str) -> float:
    """Return a number."""
    if isinstance(value, bool) or not _is_real(value):
        raise WrongValueError("a number")
    return float(value)


def size(value: Any, flag: str) -> int:
    """Return a number of bytes, given so or as a text."""
    if not _is_whole(value) and not isinstance(value, str):
        raise WrongValueError("a number of bytes, or a text such as '4MB'")
    return parse_size(value if isinstance(value, str) else operator.index(value), flag)


def max_rejects(value: Any, _flag: str) -> str:
    """Return a count or a share of rows, as text."""
    if isinstance(value, str):
        return value
    if not _is_whole(value):
        share = float(value) if _is_real(value) else 0.0
        percent = f"{100 * share:g}%" if 0 < share < 1 else "1%"
        raise WrongValueError(f"a count, such as 10, or a share as a text: '{percent}'")
    return str(operator.index(value))


def texts(value: Any, _flag: str) -> tuple[str, ...]:
    """Return texts; one may stand alone."""
    values = (value,) if isinstance(value, str) else value
    if isinstance(values, (bytes, Mapping)) or not isinstance(values, Iterable):
        raise WrongValueError("a text, or a list of texts")
    found = tuple(values)
    if not all(isinstance(one, str) for one in found):
        raise WrongValueError("a text, or a list of texts")
    return found


def keep(value: Any, flag: str) -> str | tuple[str, ...]:
    """Return `all`, `none`, or names of columns."""
    if not isinstance(value, str):
        return texts(value, flag)
    return value if value in ("all", "none") else tuple(value.split(","))


def is_scalar(value: Any) -> bool:
    """Return whether a value could stand in a cell."""
    return isinstance(value, (str, bool)) or _is_real(value)


def _plain(value: Any) -> Any:
    """Return a number of numpy's as Python's own: options are written down as JSON."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def dict_of(example: str, is_value: Callable[[Any], bool]) -> Callable[[Any, str], dict[str, Any]]:
    """Return what reads a dict whose values pass a check; the example is for its error."""

    def read(value: Any, _flag: str) -> dict[str, Any]:
        fits = isinstance(value, Mapping) and all(
            isinstance(key, str) and is_value(one) for key, one in value.items()
        )
        if not fits:
            raise WrongValueError(f"a dict, such as {example}")
        return {key: _plain(one) for key, one in value.items()}

    return read


def dict_of_dicts(value: Any, flag: str) -> dict[str, dict[str, Scalar]]:
    """Return a dict of dicts of scalars."""
    example = "{'Sex': {'male': 0, 'female': 1}}"
    if not isinstance(value, Mapping):
        raise WrongValueError(f"a dict of dicts, such as {example}")
    columns = dict_of(example, lambda texts: isinstance(texts, Mapping))(value, flag)
    return {column: dict_of(example, is_scalar)(texts, flag) for column, texts in columns.items()}
