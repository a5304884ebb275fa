"""Put the small chunks of several files together, where the model may score them with one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from titanic_batch.engine.base import ChunkTask
from titanic_batch.predict.base import ModelInfo

_GROUP_BYTES = 1 << 20


def grouped(works: Iterable[ChunkTask], info: ModelInfo, most: int) -> Iterator[list[ChunkTask]]:
    """Yield works in order, as lists of one, or of several small ones that go together.

    A chunk that is not all of its input goes alone: what is predicted of it is kept, for a run
    that resumes this one.

    Args:
        works: What is to be scored; each may be of another file, and keeps it open.
        info: Whether the model can be given rows of several files at once.
        most: The most works in a group.
    """
    if not info.batchable:
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
