"""Finish files: one by one, or where a run has many, several at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from titanic_batch.interrupts import signals_wait

#: Files that are published at the same time. They wait for the disk, which brings what several
#: threads ask for to rest at once: a journal is written once for all of them.
_THREADS = 8

#: Calls what ends a file's run, now or soon.
Finisher = Callable[[Callable[[], None]], None]


@contextmanager
def open_finisher(file_count: int) -> Iterator[Finisher]:
    """Give what suits a run over so many files; at the end, all that it has begun is over.

    Where the block ends with an error, nothing else begins. Signals reach the main thread only, so
    in threads nothing is torn.
    """
    if file_count == 1:
        yield lambda finish: finish()
        return
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="publish")
    begun: deque[Future[None]] = deque()

    def submit(finish: Callable[[], None]) -> None:
        begun.append(pool.submit(finish))
        while len(begun) > _THREADS:
            begun.popleft().result()

    try:
        yield submit
        for future in begun:
            future.result()
    finally:
        with signals_wait():
            pool.shutdown(wait=True, cancel_futures=True)
