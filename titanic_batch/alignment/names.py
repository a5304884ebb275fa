"""Match the model's column names with the input's."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property


def normalised(name: str) -> str:
    """Return a name without what people vary: case, spaces, underscores."""
    return "".join(name.split()).replace("_", "").casefold()


class Names:
    """Names of columns, looked at once however often they are asked for: tables may be wide."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(names)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        """Return whether there is exactly this name."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        """Yield the names, in their order."""
        return iter(self._names)

    def alike(self, name: str) -> list[str]:
        """Return the names that are like this one but for case, spaces and underscores."""
        return self._by_form.get(normalised(name), [])

    def alike_from(self, start: str) -> Iterator[str]:
        """Yield the names that begin like this, but for case, spaces and underscores."""
        for form in _starting(self._forms, normalised(start)):
            yield from self._by_form[form]

    def starting(self, start: str) -> Iterator[str]:
        """Yield the names that begin with exactly this, by name."""
        return _starting(self._sorted, start)

    def nearest(self, wanted: str, count: int = 3) -> list[str]:
        """Return the names most like `wanted`, the best first."""
        close = difflib.get_close_matches(normalised(wanted), self._by_form, n=count, cutoff=0.6)
        return [self._by_form[form][0] for form in close]

    @cached_property
    def _by_form(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            found[normalised(name)].append(name)
        return dict(found)

    @cached_property
    def _forms(self) -> list[str]:
        return sorted(self._by_form)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._names)


def _starting(names: list[str], start: str) -> Iterator[str]:
    for place in range(bisect_left(names, start), len(names)):
        if not names[place].startswith(start):
            return
        yield names[place]


def find_source(wanted: str, names: Names, taken: Collection[str] = ()) -> str | None:
    """Return the input column that means `wanted`.

    The exact name wins; otherwise the only one that is alike but for case, spaces and underscores.

    Args:
        wanted: The model's name for it.
        names: The input's columns.
        taken: Columns that are another model column's exact source.
    """
    if wanted in names:
        return wanted
    alike = [name for name in names.alike(wanted) if name not in taken]
    return alike[0] if len(alike) == 1 else None


def nearest(wanted: str, names: Sequence[str], count: int = 3) -> list[str]:
    """Return the names most like `wanted`, the best first."""
    return Names(names).nearest(wanted, count)


def prefixes(name: str) -> Iterable[str]:
    """Yield what stands before each underscore of a name, the longest first."""
    parts = name.split("_")
    return ("_".join(parts[:end]) for end in range(len(parts) - 1, 0, -1))
