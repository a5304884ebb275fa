"""Read dataclasses from JSON in which each value is of just the type that its field declares.

pydantic reads all else, and says what is wrong with it; to import it takes longer than to score a
small file.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


class NotPlainError(Exception):
    """A value is of another type than its field."""


def read_plain(kind: type[T], document: object) -> T:
    """Return a dataclass as pydantic would read it; raises NotPlainError."""
    result: T = _reader(cast("Any", kind))(document)
    return result


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return what reads a value of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    if origin is Literal:
        return lambda value: _required(value, type(value) is str and value in arguments)
    if origin in (Union, types.UnionType):
        return _union_reader(arguments)
    if origin is tuple:
        return _tuple_reader(arguments)
    if origin is dict:
        key, held = map(_reader, arguments)
        return lambda value: {
            key(name): held(item) for name, item in _required(value, type(value) is dict).items()
        }
    if kind is float:
        return lambda value: float(_required(value, type(value) in (int, float)))
    return lambda value: _required(value, type(value) is kind)


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(value: Any) -> Any:
        _required(value, type(value) is dict and value.keys() <= readers.keys())
        try:
            return kind(**{name: readers[name](item) for name, item in value.items()})
        except TypeError as exc:  # a field is missing
            raise NotPlainError from exc

    return read


def _union_reader(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    exact = {kind for kind in arguments if isinstance(kind, type) and not get_args(kind)}
    others = [_reader(kind) for kind in arguments if kind not in exact or is_dataclass(kind)]
    if float in exact and int not in exact:
        others.append(_reader(float))

    def read(value: Any) -> Any:
        if type(value) in exact:
            return value
        for other in others:
            try:
                return other(value)
            except NotPlainError:
                continue
        raise NotPlainError

    return read


def _tuple_reader(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if arguments[1:] == (...,):
        each = _reader(arguments[0])
        return lambda value: tuple(map(each, _required(value, type(value) is list)))
    readers = [_reader(kind) for kind in arguments]

    def read(value: Any) -> Any:
        _required(value, type(value) is list and len(value) == len(readers))
        return tuple(reader(item) for reader, item in zip(readers, value, strict=True))

    return read


def _required(value: Any, holds: bool) -> Any:
    if not holds:
        raise NotPlainError
    return value
