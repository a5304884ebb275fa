"""Kinds of options: what a flag, a key of a job file and a keyword in Python take, and become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args

from titanic_batch.alignment.column_types import COLUMN_TYPES, ColumnType
from titanic_batch.scoring import option_values as values
from titanic_batch.scoring.option_texts import (
    parse_answers,
    parse_mappings,
    parse_pairs,
    parse_size,
    parse_types,
)

if TYPE_CHECKING:
    from titanic_batch.schema import Scalar

T = TypeVar("T")
_SCALAR = str | int | float | bool


def _as_it_is(value: Any, _flag: str) -> Any:
    return value


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)  # it is made for each --help
class Kind(Generic[T]):
    """The values that an option takes.

    Attributes:
        read: Return a Python value as what `ScoreOptions` holds, or raise WrongValueError; told the
            flag, for messages.
        flag: What the flag takes, as typer knows it; a list where it may be repeated.
        metavar: What stands for it in `--help`.
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
    metavar: str | None = None
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


def _parsed_texts(given: list[str] | None, _flag: str) -> tuple[str, ...]:
    return tuple(given or ())


def _parsed_by(parse: Callable[..., Any], *shape: str) -> Callable[[Any, str], Any]:
    return lambda given, flag: parse(given or (), flag, *shape)


def _check_max_rejects(given: Any) -> None:
    from titanic_batch.scoring.reject_limit import reject_limit

    reject_limit(str(given))


def _check_dialect(**declared: Any) -> None:
    from titanic_batch.sources.dialect import declare_dialect

    declare_dialect(**declared)


def _check_numbers(**declared: Any) -> None:
    from titanic_batch.alignment.number_format import declare_numbers

    declare_numbers(**declared)


def one_of(choices: Any) -> Kind[Any]:
    """Return the kind that takes some texts only, given as a Literal."""
    known = get_args(choices)

    def read(value: Any, _flag: str) -> Any:
        if value not in known:
            raise values.WrongValueError(" or ".join(map(repr, known)))
        return str(value)

    return Kind(read=read, flag=choices, key=choices, takes=" or ".join(f'"{a}"' for a in known))


def size(example: str) -> Kind[int]:
    """Return the kind that takes a number of bytes, or a text such as 4MB."""
    return Kind(
        read=values.size,
        metavar="SIZE",
        key=str | int,
        takes=f'a size, such as "{example}"',
        check=lambda given: parse_size(given, ""),
    )


SWITCH = Kind(read=values.switch, flag=bool, key=bool, takes="true or false")
COUNT = Kind(
    read=values.count,
    flag=int,
    metavar="N",
    at_least=1,
    key=int,
    bounds={"ge": 1},
    takes="a whole number from 1 on",
)
WHOLE = Kind(
    read=values.whole,
    flag=int,
    metavar="N",
    at_least=0,
    key=int,
    bounds={"ge": 0},
    takes="a whole number from 0 on",
)
PROBABILITY = Kind(
    read=values.number,
    flag=float,
    metavar="FLOAT",
    key=float,
    bounds={"ge": 0, "le": 1},
    takes="a number from 0 to 1",
)
MAX_REJECTS = Kind(
    read=values.max_rejects,
    metavar="N|P%",
    key=str | int,
    takes='a count (10) or a share of the rows ("1%")',
    check=_check_max_rejects,
)
#: A job file's paths may have dates in them.
PATH = Kind(read=values.path, metavar="PATH", key=Path, takes="a path, as text")
COLUMN_NAME = Kind(
    read=values.text, metavar="NAME", key=str, bounds={"min_length": 1}, takes="a column's name"
)
DELIMITER = Kind(
    read=values.text,
    metavar="CHAR",
    key=str,
    takes='a single ASCII character, or "tab"',
    check=lambda given: _check_dialect(delimiter=given),
)
DECIMAL = Kind(
    read=values.text,
    metavar="CHAR",
    key=str,
    takes='a single character, such as ","',
    check=lambda given: _check_numbers(decimal=given),
)
THOUSANDS = Kind(
    read=values.text,
    metavar="CHAR",
    key=str,
    takes='a single character, such as "." or " "',
    check=lambda given: _check_numbers(thousands=given),
)
ESCAPE = Kind(
    read=values.text,
    metavar="CHAR",
    key=str,
    takes="a single ASCII character, such as a backslash",
    check=lambda given: _check_dialect(escape=given),
)
ENCODING = Kind(
    read=values.text,
    metavar="NAME",
    key=str,
    takes='a text encoding, such as "latin-1"',
    check=lambda given: _check_dialect(encoding=given),
)
TEXTS = Kind(
    read=values.texts,
    flag=list[str],
    parse=_parsed_texts,
    key=str | list[str],
    takes="a cell's text, or a list of them",
)
KEEP = Kind(
    read=values.keep,
    metavar="all|none|A,B",
    key=str | list[str],
    takes='"all", "none", or a list of column names',
)

#: What [columns.NAME] holds for one column, and elsewhere is said of several at once.
COLUMNS = Kind(
    read=values.texts,
    flag=list[str],
    metavar="COL",
    parse=_parsed_texts,
    key=bool,
    takes="true or false",
    gather=lambda by_column: tuple(name for name, is_so in by_column.items() if is_so),
)
RENAMES: Kind[dict[str, str]] = Kind(
    read=values.dict_of("{'gender': 'Sex'}", lambda value: isinstance(value, str)),
    flag=list[str],
    metavar="OLD=NEW",
    parse=_parsed_by(parse_pairs, "OLD=NEW"),
    key=str,
    bounds={"min_length": 1},
    takes="the name of the input's column that feeds it",
    gather=lambda by_column: {old: new for new, old in by_column.items()},
)
FILLS: Kind[dict[str, Scalar]] = Kind(
    read=values.dict_of("{'Age': 28}", values.is_scalar),
    flag=list[str],
    metavar="COL=VALUE",
    parse=_parsed_by(parse_pairs, "COL=VALUE"),
    key=_SCALAR,
    takes="a text, a number, or true or false",
)
ANSWERS: Kind[dict[str, Literal["allow", "reject"]]] = Kind(
    read=values.dict_of("{'Sex': 'allow'}", lambda value: value in ("allow", "reject")),
    flag=list[str],
    metavar="COL=allow|reject",
    parse=_parsed_by(parse_answers),
    key=Literal["allow", "reject"],
    takes='"allow" or "reject"',
)
TYPES: Kind[dict[str, ColumnType]] = Kind(
    read=values.dict_of("{'Ticket': 'text'}", lambda value: value in COLUMN_TYPES),
    flag=list[str],
    metavar="COL=TYPE",
    parse=_parsed_by(parse_types),
    key=ColumnType,
    takes=" or ".join(f'"{name}"' for name in COLUMN_TYPES),
)
MAPPINGS = Kind(
    read=values.dict_of_dicts,
    flag=list[str],
    metavar="COL:a=0,b=1",
    parse=_parsed_by(parse_mappings),
    key=dict[str, _SCALAR],
    bounds={"min_length": 1},
    takes="a table of input texts and values, such as { male = 0, female = 1 }",
)
