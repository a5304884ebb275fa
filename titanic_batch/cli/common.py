"""The options that every command has, or several have."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import typer

from titanic_batch.cli.console import Style, set_style, style
from titanic_batch.errors import ClosedPipeError
from titanic_batch.standard_streams import require_stdout

Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only print errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Print more.")]
LogFormat = Annotated[
    Literal["text", "json"],
    typer.Option("--log-format", help="How lines on stderr look; json for log collectors."),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Trust = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SHA256", help="Trust this model file for this run. [env: TITANIC_BATCH_TRUST]"
    ),
]

PartSize = Annotated[
    str | None,
    typer.Option(
        "--part-size",
        metavar="SIZE",
        help="How much of the input a part holds, at most.",
        show_default="64MB",
        rich_help_panel="Output",
    ),
]

_COMMON = {"quiet": (Quiet, False), "verbose": (Verbose, False), "log_format": (LogFormat, "text")}


def with_common_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--quiet`, `--verbose` and `--log-format` to a command.

    typer reads a command's signature, so the three are added to it; the command itself never sees
    them, only `titanic_batch.cli.console` does.
    """

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        common = {name: arguments.pop(name) for name in _COMMON}
        one_line = bool(arguments.get("json_line", False))
        as_json = one_line or bool(arguments.get("as_json", False))
        set_style(Style(**common, as_json=as_json, one_line=one_line))
        if style().as_json:
            require_stdout()
        try:
            command(**arguments)
        except BrokenPipeError as exc:
            raise ClosedPipeError("standard output was closed") from exc

    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in _COMMON.items()
    ]
    add_parameters(wrapper, command, added)
    return wrapper


def add_parameters(
    wrapper: Callable[..., None], command: Callable[..., None], added: Iterable[inspect.Parameter]
) -> None:
    """Give a command's wrapper its signature, and parameters that the wrapper alone knows.

    They take the place of its `**options`, if it has them.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
    changed = signature.replace(parameters=[*own, *added])
    wrapper.__signature__ = changed  # type: ignore[attr-defined]
    wrapper.__annotations__ = {one.name: one.annotation for one in changed.parameters.values()}
