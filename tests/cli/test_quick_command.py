"""A parameter's value is what typer makes of it, whoever makes it."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from typer.core import TyperCommand

from titanic_batch.cli.app import app

SAMPLES: list[Any] = [None, "", "x", "3", "0", "0.5", "csv", "CSV", "text", "true", 5, 0.5, True]
SAMPLES += [(), ("a",), ["a", "b"], (1,), ("a", None), b"x"]


def coerced(parameter: Any, coercion: Any, value: Any) -> str:
    try:
        return repr(coercion.coerce(value, param=parameter, ctx=None))
    except typer.BadParameter as exc:
        return f"refused: {exc.format_message()}"


@pytest.mark.parametrize("name", ["score", "check", "verify", "run"])
def test_values_are_what_typer_makes_of_them(name: str) -> None:
    group: Any = typer.main.get_command(app)
    command = group.commands[name]
    assert isinstance(command, TyperCommand)
    context = command.make_context(name, [], resilient_parsing=True)
    spared = 0
    parameters: Any = command.get_params(context)
    for parameter in parameters:
        own = parameter.get_runtime_param()
        typers = type(parameter).get_runtime_param(parameter)
        spared += own is not typers
        for value in SAMPLES:
            found, wanted = (coerced(parameter, one, value) for one in (own, typers))
            assert found == wanted, (parameter.name, value)
    assert spared > 3
