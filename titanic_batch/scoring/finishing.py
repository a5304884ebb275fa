"""Finish files: one by one, or where a run has many, several at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self

#: Files that are published at the same time. They wait for the disk, which brings what several
#: threads ask for to rest at once: a journal is written once for all of them.
_THREADS = 8


class Finisher(Protocol):
    """Calls what ends a file's run."""

    def submit(self, finish: Callable[[], None]) -> None:
        """Call `finish`, now or soon."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for what has begun; where there was an error, nothing else begins."""
        ...


class InlineFinisher:
    """Finishes each file at once."""

    def submit(self, finish: Callable[[], None]) -> None:
        """Call `finish`."""
        finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class ThreadFinisher:
    """Finishes several files at a time; signals reach the main thread only, so none is torn."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="publish")
        self._begun: deque[Future[None]] = deque()

    def submit(self, finish: Callable[[], None]) -> None:
        """Call `finish` soon; wait while too many are waiting."""
        self._begun.append(self._pool.submit(finish))
        while len(self._begun) > _THREADS:
            self._begun.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=error is not None)
        if error is None:
            for future in self._begun:
                future.result()


def open_finisher(file_count: int) -> Finisher:
    """Return what suits a run over so many files."""
    return ThreadFinisher() if file_count > 1 else InlineFinisher()
