"""Finish files: one at once; where a run has many, in a thread, as many together as are ready."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from titanic_batch.engine.batching import most_open_outputs
from titanic_batch.publish.together import Steps, take_steps

#: Files that are published together, at most: an interrupted run waits for them.
_MOST_TOGETHER = 64

#: Takes the steps that end a file's run, now or soon.
Finisher = Callable[[Steps], None]


@contextmanager
def open_finisher(file_count: int) -> Iterator[Finisher]:
    """Give what suits a run over so many files; at the end, all that it has begun is over.

    Where the block ends with an error, nothing else begins.
    """
    if file_count == 1:
        yield lambda steps: take_steps([steps])
        return
    most_waiting = max(most_open_outputs() // 2, 1)  # besides those on their way
    pool = ThreadPoolExecutor(1, thread_name_prefix="publish")
    waiting: deque[Steps] = deque()
    begun: deque[Future[None]] = deque()

    def finish_those_waiting() -> None:
        count = min(len(waiting), _MOST_TOGETHER, most_waiting)
        take_steps([waiting.popleft() for _ in range(count)])

    def submit(steps: Steps) -> None:
        waiting.append(steps)
        begun.append(pool.submit(finish_those_waiting))
        while len(begun) > most_waiting:
            begun.popleft().result()

    try:
        yield submit
        for future in begun:
            future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
