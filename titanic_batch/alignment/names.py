"""Match the model's column names with the input's."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def normalised(name: str) -> str:
    """Return a name without what people vary: case, spaces, underscores."""
    return "".join(name.split()).replace("_", "").casefold()


def find_source(wanted: str, names: Sequence[str], taken: Iterable[str] = ()) -> str | None:
    """Return the input column that means `wanted`.

    The exact name wins; otherwise the only one that is alike but for case, spaces and underscores.

    Args:
        wanted: The model's name for it.
        names: The input's columns.
        taken: Columns that are another model column's exact source.
    """
    if wanted in names:
        return wanted
    unavailable = set(taken)
    alike = [
        name for name in names if normalised(name) == normalised(wanted) and name not in unavailable
    ]
    return alike[0] if len(alike) == 1 else None


def nearest(wanted: str, names: Sequence[str], count: int = 3) -> list[str]:
    """Return the names most like `wanted`, the best first."""
    by_form = {normalised(name): name for name in reversed(names)}
    close = difflib.get_close_matches(normalised(wanted), by_form, n=count, cutoff=0.6)
    return [by_form[form] for form in close]


def prefixes(name: str) -> Iterable[str]:
    """Yield what stands before each underscore of a name, the longest first."""
    parts = name.split("_")
    return ("_".join(parts[:end]) for end in range(len(parts) - 1, 0, -1))
