"""QuickCommand, QuickGroup: commands whose texts are taken as they are, without pydantic.

typer has pydantic look at every value of every parameter, also at a text that is to be a text.
Importing it takes longer than scoring a small file; it is left to the values that need it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from typer.core import TyperCommand, TyperGroup


class _Quick:
    """What the two have in common."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters, typer's own among them."""
        parameters = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            _spare_pydantic(parameter)
        return parameters


class QuickCommand(_Quick, TyperCommand):
    """A command of typer's, for those that are waited for."""


class QuickGroup(_Quick, TyperGroup):
    """A group of typer's, in which such commands are."""


@dataclass(frozen=True)
class _Coercion:
    """Turns what was given into a parameter's value: see `RuntimeParam` in typer."""

    kind: Any
    typers: Callable[[], Any]

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several:
            texts = list(value) if isinstance(value, list | tuple) else []
            if self.kind == list[str] and texts and all(type(text) is str for text in texts):
                return texts
        elif _is_choice(self.kind, value) or (
            type(value) is self.kind and (self.kind is str or value == param.default)
        ):
            return value
        return self.typers().coerce(value, param=param, ctx=ctx)


def _is_choice(kind: Any, value: Any) -> bool:
    return get_origin(kind) is Literal and type(value) is str and value in get_args(kind)


def _spare_pydantic(parameter: Any) -> None:
    descriptor = getattr(parameter, "type_descriptor", None)
    coercion = getattr(parameter, "get_runtime_param", None)
    if descriptor is None or coercion is None or "get_runtime_param" in vars(parameter):
        return  # this typer goes another way, or it is spared already
    own = _Coercion(descriptor.annotation, coercion)
    parameter.get_runtime_param = lambda: own
