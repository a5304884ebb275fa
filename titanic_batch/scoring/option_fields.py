"""Options as fields of a dataclass: declared once, and read by all that takes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeVar, cast

from titanic_batch.errors import UsageError
from titanic_batch.scoring.option_kinds import Kind
from titanic_batch.scoring.option_values import WrongValueError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])
_KEY = "option"
_MOST_SHOWN = 60


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)  # it is made for each --help
class Option:
    """One option; its keyword in Python is named as its flag.

    Attributes:
        kind: What it takes.
        default: What it is otherwise, as a caller would give it.
        panel: The heading that it stands under in `--help`.
        help: What it does, for `--help`.
        field: The field that it is; found out by `declared_options`.
        name: The keyword, the key in a job file, and with dashes the flag; by default the field.
        metavar: What stands for its value in `--help`, where it is not what stands for its kind.
        short: A short flag.
        variable: The environment variable that is asked where the flag is not given.
        also: Commands other than `score` that have it.
        table: The table of a job file that has it as a key.
        elsewhere: Where a job file has it instead, as a hint.
        published: Whether it determines what is published, or only how a run goes.
    """

    kind: Kind[Any]
    default: Any
    panel: str
    help: str | None = None
    field: str = ""
    name: str = ""
    metavar: str | None = None
    short: str = ""
    variable: str | None = None
    also: tuple[str, ...] = ()
    table: Literal["score", "columns"] | None = "score"
    elsewhere: str = ""
    published: bool = True

    @property
    def flag(self) -> str:
        """The flag, such as `--chunk-size`."""
        return f"--{self.name.replace('_', '-')}"


def option(kind: Kind[T], default: Any, panel: str, help: str | None = None, **declared: Any) -> T:
    """Declare an option as a field of a dataclass; the keywords are those of `Option`."""
    held: Any = kind.read(default, "")
    metadata = {_KEY: Option(kind=kind, default=default, panel=panel, help=help, **declared)}
    if isinstance(held, dict):
        return cast("T", field(default_factory=held.copy, metadata=metadata))
    return cast("T", field(default=held, metadata=metadata))


def declared_options(options: type[Any]) -> tuple[Option, ...]:
    """Return the options that a dataclass declares, in order."""
    return tuple(
        replace(declared, field=one.name, name=declared.name or one.name)
        for one in fields(options)
        for declared in [one.metadata[_KEY]]
    )


def read_keywords(options: Iterable[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return keywords as what the dataclass takes, by its fields' names.

    Args:
        options: Those that there are.
        given: By an option's name or its field's.

    Raises:
        UsageError: if there is no such option, or it takes something else.
    """
    known = {option.field: option for option in options}
    named = {**known, **{option.name: option for option in known.values()}}
    found: dict[str, Any] = {}
    for name, value in given.items():
        option = named.get(name)
        if option is None:
            import difflib

            near = difflib.get_close_matches(name, list(named), n=1)
            raise UsageError(
                f"there is no option {name}", hint=f"Did you mean {near[0]}?" if near else ""
            )
        try:
            found[option.field] = option.kind.read(value, option.flag)
        except WrongValueError as exc:
            raise UsageError(f"{name}={_shown(value)} is wrong", hint=f"It takes {exc}.") from exc
    return found


def with_keywords(options: Iterable[Option], types: type[Any]) -> Callable[[F], F]:
    """Show options by their names in the signature of a function that takes `**options`.

    Args:
        options: Those that it takes.
        types: A TypedDict with the type of each.
    """
    hints = {
        name: getattr(hint, "__forward_arg__", hint) for name, hint in types.__annotations__.items()
    }

    def shown(function: F) -> F:
        signature = inspect.signature(function)
        own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
        added = [
            inspect.Parameter(
                option.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=option.default,
                annotation=hints[option.name],
            )
            for option in options
        ]
        changed = signature.replace(parameters=[*own, *added])
        function.__signature__ = changed  # type: ignore[attr-defined]
        return function

    return shown


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."
