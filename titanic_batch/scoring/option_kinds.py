"""Kinds of options: what a flag, a key of a job file and a keyword in Python take, and become."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args

from titanic_batch.scoring.option_texts import (
    parse_answers,
    parse_mappings,
    parse_pairs,
    parse_size,
)

if TYPE_CHECKING:
    from titanic_batch.schema import Scalar

T = TypeVar("T")
_SCALAR = str | int | float | bool


class WrongValueError(Exception):
    """A value is not what an option takes; says what that is."""


def _as_it_is(value: Any, _flag: str) -> Any:
    return value


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)  # it is made for each --help
class Kind(Generic[T]):
    """What an option takes.

    Attributes:
        read: Return a Python value as what `ScoreOptions` holds, or raise WrongValueError; told the
            flag, for messages.
        flag: What the flag takes, as typer knows it; a list where it may be repeated.
        at_least: The smallest number that the flag takes.
        parse: Return what the flag was given as a caller in Python would give it.
        key: What the key in a job file takes, as pydantic knows it; None where there is no key.
            In [columns.NAME] it is one column's.
        takes: The same in words.
        bounds: What else pydantic holds the key to, by its names.
        check: Raises UsageError for what is of the key's type and yet wrong.
        gather: Return the keys of all columns, by column, as a caller in Python would give them.
    """

    read: Callable[[Any, str], T]
    flag: Any = str
    at_least: int | None = None
    parse: Callable[[Any, str], Any] = _as_it_is
    key: Any = None
    takes: str = ""
    bounds: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Any], object] | None = None
    gather: Callable[[dict[str, Any]], Any] = dict


def optional(kind: Kind[T]) -> Kind[T | None]:
    """Return the kind that takes None as well."""

    def read(value: Any, flag: str) -> T | None:
        return None if value is None else kind.read(value, flag)

    return replace(kind, read=read)  # type: ignore[arg-type, return-value]


def _text(value: Any, _flag: str) -> str:
    if not isinstance(value, str):
        raise WrongValueError("a text")
    return value


def _path(value: Any, _flag: str) -> str:
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise WrongValueError("a path")
    return str(os.fspath(value))


def _switch(value: Any, _flag: str) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError("True or False")
    return value


def _is_real(value: Any) -> bool:
    import numbers

    return isinstance(value, numbers.Real)


def _is_whole(value: Any) -> bool:
    return hasattr(type(value), "__index__") and not isinstance(value, bool)


def _count(value: Any, _flag: str) -> int:
    if not _is_whole(value) or value < 1:
        raise WrongValueError("a whole number from 1")
    return operator.index(value)


def _number(value: Any, _flag: str) -> float:
    if isinstance(value, bool) or not _is_real(value):
        raise WrongValueError("a number")
    return float(value)


def _size(value: Any, flag: str) -> int:
    if not _is_whole(value) and not isinstance(value, str):
        raise WrongValueError("a number of bytes, or a text such as '4MB'")
    return parse_size(value if isinstance(value, str) else operator.index(value), flag)


def _max_rejects(value: Any, _flag: str) -> str:
    if isinstance(value, str):
        return value
    if not _is_whole(value):
        share = float(value) if _is_real(value) else 0.0
        percent = f"{100 * share:g}%" if 0 < share < 1 else "1%"
        raise WrongValueError(f"a count, such as 10, or a share as a text: '{percent}'")
    return str(operator.index(value))


def _texts(value: Any, _flag: str) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value
    if isinstance(values, (bytes, Mapping)) or not isinstance(values, Iterable):
        raise WrongValueError("a text, or a list of texts")
    found = tuple(values)
    if not all(isinstance(one, str) for one in found):
        raise WrongValueError("a text, or a list of texts")
    return found


def _keep(value: Any, flag: str) -> str | tuple[str, ...]:
    if not isinstance(value, str):
        return _texts(value, flag)
    return value if value in ("all", "none") else tuple(value.split(","))


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, bool)) or _is_real(value)


def _plain(value: Any) -> Any:
    """Return a number of numpy's as Python's own: options are written down as JSON."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _dict(example: str, is_value: Callable[[Any], bool]) -> Callable[[Any, str], dict[str, Any]]:
    def read(value: Any, _flag: str) -> dict[str, Any]:
        fits = isinstance(value, Mapping) and all(
            isinstance(key, str) and is_value(one) for key, one in value.items()
        )
        if not fits:
            raise WrongValueError(f"a dict, such as {example}")
        return {key: _plain(one) for key, one in value.items()}

    return read


def _mappings(value: Any, flag: str) -> dict[str, dict[str, Scalar]]:
    example = "{'Sex': {'male': 0, 'female': 1}}"
    if not isinstance(value, Mapping):
        raise WrongValueError(f"a dict of dicts, such as {example}")
    columns = _dict(example, lambda texts: isinstance(texts, Mapping))(value, flag)
    return {column: _dict(example, _is_scalar)(texts, flag) for column, texts in columns.items()}


def _parsed_texts(given: list[str] | None, _flag: str) -> tuple[str, ...]:
    return tuple(given or ())


def _parsed_by(parse: Callable[..., Any], *shape: str) -> Callable[[Any, str], Any]:
    return lambda given, flag: parse(given or (), flag, *shape)


def _check_max_rejects(given: Any) -> None:
    from titanic_batch.scoring.reject_limit import reject_limit

    reject_limit(str(given))


def _check_dialect(*, delimiter: str = ",", encoding: str = "utf-8") -> None:
    from titanic_batch.sources.dialect import declare_dialect

    declare_dialect(delimiter, encoding)


def one_of(choices: Any) -> Kind[Any]:
    """Return the kind that takes some texts only, given as a Literal."""
    known = get_args(choices)

    def read(value: Any, _flag: str) -> Any:
        if value not in known:
            raise WrongValueError(" or ".join(map(repr, known)))
        return str(value)

    return Kind(read=read, flag=choices, key=choices, takes=" or ".join(f'"{a}"' for a in known))


def size(example: str) -> Kind[int]:
    """Return the kind that takes a number of bytes, or a text such as 4MB."""
    return Kind(
        read=_size,
        key=str | int,
        takes=f'a size, such as "{example}"',
        check=lambda given: parse_size(given, ""),
    )


SWITCH = Kind(read=_switch, flag=bool, key=bool, takes="true or false")
COUNT = Kind(
    read=_count,
    flag=int,
    at_least=1,
    key=int,
    bounds={"ge": 1},
    takes="a whole number from 1 on",
)
PROBABILITY = Kind(
    read=_number, flag=float, key=float, bounds={"ge": 0, "le": 1}, takes="a number from 0 to 1"
)
MAX_REJECTS = Kind(
    read=_max_rejects,
    key=str | int,
    takes='a count (10) or a share of the rows ("1%")',
    check=_check_max_rejects,
)
#: A job file's paths may have dates in them.
PATH = Kind(read=_path, key=Path, takes="a path, as text")
COLUMN_NAME = Kind(read=_text, key=str, bounds={"min_length": 1}, takes="a column's name")
DELIMITER = Kind(
    read=_text,
    key=str,
    takes='a single ASCII character, or "tab"',
    check=lambda given: _check_dialect(delimiter=given),
)
ENCODING = Kind(
    read=_text,
    key=str,
    takes='a text encoding, such as "latin-1"',
    check=lambda given: _check_dialect(encoding=given),
)
TEXTS = Kind(
    read=_texts,
    flag=list[str],
    parse=_parsed_texts,
    key=str | list[str],
    takes="a cell's text, or a list of them",
)
KEEP = Kind(read=_keep, key=str | list[str], takes='"all", "none", or a list of column names')

#: What [columns.NAME] holds for one column, and elsewhere is said of several at once.
COLUMNS = Kind(
    read=_texts,
    flag=list[str],
    parse=_parsed_texts,
    key=bool,
    takes="true or false",
    gather=lambda by_column: tuple(name for name, is_so in by_column.items() if is_so),
)
RENAMES: Kind[dict[str, str]] = Kind(
    read=_dict("{'gender': 'Sex'}", lambda value: isinstance(value, str)),
    flag=list[str],
    parse=_parsed_by(parse_pairs, "OLD=NEW"),
    key=str,
    bounds={"min_length": 1},
    takes="the name of the input's column that feeds it",
    gather=lambda by_column: {old: new for new, old in by_column.items()},
)
FILLS: Kind[dict[str, Scalar]] = Kind(
    read=_dict("{'Age': 28}", _is_scalar),
    flag=list[str],
    parse=_parsed_by(parse_pairs, "COL=VALUE"),
    key=_SCALAR,
    takes="a text, a number, or true or false",
)
ANSWERS: Kind[dict[str, Literal["allow", "reject"]]] = Kind(
    read=_dict("{'Sex': 'allow'}", lambda value: value in ("allow", "reject")),
    flag=list[str],
    parse=_parsed_by(parse_answers),
    key=Literal["allow", "reject"],
    takes='"allow" or "reject"',
)
MAPPINGS = Kind(
    read=_mappings,
    flag=list[str],
    parse=_parsed_by(parse_mappings),
    key=dict[str, _SCALAR],
    bounds={"min_length": 1},
    takes="a table of input texts and values, such as { male = 0, female = 1 }",
)
