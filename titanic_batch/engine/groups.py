"""How many files are scored at a time, and which of their small chunks with one call."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Iterator

from titanic_batch.chunk.predictions import ModelInfo
from titanic_batch.engine.base import ChunkTask

_GROUP_BYTES = 1 << 20
#: More outputs open at a time are no quicker.
_MOST_OUTPUTS = 256


def most_open_outputs() -> int:
    """Return how many outputs may be locked at a time: each lock is an open file.

    A quarter of what the system lets a process open: macOS starts with 256.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST_OUTPUTS
    return max(min(_MOST_OUTPUTS, soft // 4), 1)


def grouped(works: Iterable[ChunkTask], facts: ModelInfo, most: int) -> Iterator[list[ChunkTask]]:
    """Yield works in order, as lists of one, or of several small ones that go together.

    A chunk that is not all of its input goes alone: what is predicted of it is kept, for a run
    that resumes this one.

    Args:
        works: What is to be scored; each may be of another file, and keeps it open.
        facts: Whether the model can be given rows of several files at once.
        most: The most works in a group.
    """
    if not facts.batchable:
        yield from ([work] for work in works)
        return
    group: list[ChunkTask] = []
    size = 0
    for work in works:
        goes_alone = not work.chunk.is_all or len(work.chunk.data) > _GROUP_BYTES
        size += len(work.chunk.data)
        if group and (goes_alone or size > _GROUP_BYTES or len(group) == most):
            yield group
            group, size = [], len(work.chunk.data)
        if goes_alone:
            yield [work]
            size = 0
        else:
            group.append(work)
    if group:
        yield group
