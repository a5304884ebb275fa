"""Give commands the options of scoring, as typer takes them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from titanic_batch.cli.common import add_parameters
from titanic_batch.scoring.option_fields import Option
from titanic_batch.scoring.options import OPTIONS


def with_score_options(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that `ScoreOptions` declares for it.

    They take the place of its `**options`, and are given to it as Python callers give them.

    Args:
        name: The command's.
    """
    chosen = [option for option in OPTIONS if name in ("score", *option.also)]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapper(**arguments: Any) -> None:
            given = {
                option.name: option.kind.parse(arguments.pop(option.name), option.flag)
                for option in chosen
            }
            command(**arguments, **given)

        add_parameters(wrapper, command, [_parameter(option) for option in chosen])
        return wrapper

    return decorate


@functools.cache
def _parameter(option: Option) -> inspect.Parameter:
    flag = typer.Option(
        *filter(None, (option.short, option.flag)),
        metavar=option.metavar or option.kind.metavar,
        envvar=option.variable,
        min=option.kind.at_least,
        help=option.help,
        rich_help_panel=option.panel,
    )
    default = None if option.default in ((), {}) else option.default
    kind = option.kind.flag if default is not None else option.kind.flag | None
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, flag],
    )
