"""Change: one thing that might let rejected rows through, and what it does to the options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from titanic_batch.scoring.advice.repair import Repair
from titanic_batch.scoring.options import ScoreOptions

_T = TypeVar("_T", ScoreOptions, Repair)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that might help.

    Attributes:
        why: What is wrong, as a sentence without its full stop.
        logged_why: The same without a value of any cell; None where there is none in it.
        options: Options, by name, and what is added to them or put in their place.
        repair: The same of how the file is rewritten.
        otherwise: What helps as well, in its place.
        quotes_cells: Whether its options hold values of cells.
    """

    why: str
    logged_why: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    repair: dict[str, Any] = field(default_factory=dict)
    otherwise: Change | None = None
    quotes_cells: bool = False


def options_with(options: ScoreOptions, changes: Iterable[Change]) -> ScoreOptions:
    """Return options as changes make them."""
    for change in changes:
        options = _merged(options, change.options)
    return options


def repair_of(changes: Iterable[Change]) -> Repair:
    """Return how changes rewrite the file."""
    repair = Repair()
    for change in changes:
        repair = _merged(repair, change.repair)
    return repair


def _merged(old: _T, new: dict[str, Any]) -> _T:
    """Add what is a collection to what is there; put anything else in its place."""
    added = {name: _joined(getattr(old, name), value) for name, value in new.items()}
    return replace(old, **added)


def _joined(old: Any, new: Any) -> Any:
    if isinstance(new, dict):
        return {**old, **new}
    return (*old, *new) if isinstance(new, tuple) else new
