"""Score chunks by a plan, in threads of this process: no worker starts, no model is loaded.

What a plan computes with lets go of the interpreter, so threads share the CPUs as processes do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa

from titanic_batch.chunk.score import score_chunks
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.engine.base import ChunkResult, ChunkTask
from titanic_batch.engine.batching import batched, most_open_outputs
from titanic_batch.errors import TitanicBatchError, memory_errors
from titanic_batch.interrupts import interruptible
from titanic_batch.models import VerifiedModel
from titanic_batch.predict.base import ModelDescription
from titanic_batch.predict.compiled.plan import ScoringPlan
from titanic_batch.predict.lazy import LazyEstimator
from titanic_batch.sources.base import Chunk

#: Batches per thread that are on their way, or scored and not yet written.
_AHEAD = 2


#: What gives memory back that several threads take and leave: a fifth less stays in use.
_SPARING = "jemalloc"


class ThreadEngine:
    """Scores chunks by a plan; see `titanic_batch.engine.base.Engine`.

    Args:
        model: What the plan was made of; it is loaded for the rows that the plan leaves to it.
        description: What is known of it.
        plan: The plan.
        threads: How many score.
    """

    def __init__(
        self,
        model: VerifiedModel,
        description: ModelDescription,
        plan: ScoringPlan,
        threads: int,
    ) -> None:
        pa.set_cpu_count(1)
        pa.set_io_thread_count(1)
        if _SPARING in pa.supported_memory_backends():
            pa.set_memory_pool(pa.jemalloc_memory_pool())
        self._description = description
        self._plan = plan
        self._estimator = LazyEstimator(lambda: _load(model))
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def describe(self) -> ModelDescription:
        """Return what the plan's file says of the model."""
        return self._description

    def make_plan(self, name: str, seconds: float | None = None) -> bytes | str:  # noqa: ARG002
        """Make none: there is one."""
        return "it has a plan"

    def use_plan(self, plan: ScoringPlan) -> None:
        self._plan = plan

    def map(self, tasks: Iterable[ChunkTask]) -> Iterator[ChunkResult]:
        most = max(most_open_outputs() // (_AHEAD * self._threads), 1)
        batches = batched(tasks, self._description.info, most)
        if self._pool is None:
            for batch in batches:
                with interruptible():
                    results = self._score(batch)
                yield from _results(batch, results)
            return
        sent: deque[tuple[list[ChunkTask], Future[_Scored]]] = deque()
        for batch in batches:
            sent.append((batch, self._pool.submit(self._score, batch)))
            if len(sent) > _AHEAD * self._threads:
                yield from _waited_for(*sent.popleft())
        while sent:
            yield from _waited_for(*sent.popleft())

    def close(self) -> None:
        """Start no more chunks; those that are being scored end by themselves."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _score(self, batch: Sequence[ChunkTask]) -> _Scored:
        items: list[tuple[FileContext, Chunk]] = [(task.context, task.chunk) for task in batch]
        with memory_errors():
            return score_chunks(items, self._estimator, self._description.info, plan=self._plan)


_Scored = list[ScoredChunk | TitanicBatchError]


def _waited_for(batch: list[ChunkTask], future: Future[_Scored]) -> Iterator[ChunkResult]:
    with interruptible():
        results = future.result()
    yield from _results(batch, results)


def _results(batch: list[ChunkTask], results: _Scored) -> Iterator[ChunkResult]:
    for task, result in zip(batch, results, strict=True):
        yield ChunkResult(task.key, result)


def _load(model: VerifiedModel) -> object:
    from titanic_batch.engine.session import open_session  # imports scikit-learn

    return open_session(model).estimator
