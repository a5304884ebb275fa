"""Go through all that an object holds, however it is nested, each part once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def reachable(root: Any, inside: Callable[[Any], Iterable[Any]]) -> Iterator[Any]:
    """Yield an object and all that can be reached from it, each once.

    Args:
        root: The object.
        inside: What one of them holds; asked after it was yielded.
    """
    seen: set[int] = set()
    left: list[Any] = [root]
    while left:
        value = left.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        yield value
        left.extend(inside(value))
