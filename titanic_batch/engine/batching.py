"""Batch the small chunks of several files, to be scored with one call."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Iterator

from titanic_batch.engine.base import ChunkTask
from titanic_batch.predict.base import ModelInfo

_BATCH_BYTES = 1 << 20
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


def batched(tasks: Iterable[ChunkTask], info: ModelInfo, most: int) -> Iterator[list[ChunkTask]]:
    """Yield tasks in order, as lists of one, or of several small ones.

    A chunk that is not all of its input goes alone: its predictions are cached, for a run that
    resumes this one.

    Args:
        tasks: What is to be scored; each may be of another file, and keeps it open.
        info: Whether the model can be given rows of several files at once.
        most: The most tasks in a batch.
    """
    if not info.batchable:
        yield from ([task] for task in tasks)
        return
    batch: list[ChunkTask] = []
    size = 0
    for task in tasks:
        is_alone = not task.chunk.is_all or len(task.chunk.data) > _BATCH_BYTES
        size += len(task.chunk.data)
        if batch and (is_alone or size > _BATCH_BYTES or len(batch) == most):
            yield batch
            batch, size = [], len(task.chunk.data)
        if is_alone:
            yield [task]
            size = 0
        else:
            batch.append(task)
    if batch:
        yield batch
