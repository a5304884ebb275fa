"""Score chunks in worker processes.

Workers come from a forkserver: a fresh process that has imported everything and predicted nothing.
To fork this process instead would be quicker to write, and would hang: OpenMP, which gradient
boosting predicts with, does not survive a fork.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any

from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.engine.base import ChunkResult, ChunkTask, MakePlan, Message
from titanic_batch.engine.batching import batched, most_open_outputs
from titanic_batch.engine.forkserver import (
    WorkerProcess,
    could_not_start,
    start_forkserver,
    start_worker,
)
from titanic_batch.errors import TitanicBatchError, WorkerEndedError
from titanic_batch.import_path import full_path
from titanic_batch.interrupts import interruptible
from titanic_batch.models import VerifiedModel
from titanic_batch.predict.base import ModelDescription
from titanic_batch.predict.compiled.plan import ScoringPlan
from titanic_batch.sources.base import Chunk

#: Chunks that a worker may have: one to work on, one to go on with.
_AHEAD = 2
#: Chunks on their way or scored but not yet written, per worker: a slow one holds nobody up.
_UNWRITTEN = 4
_STOP_TIMEOUT_S = 2.0


@dataclass(eq=False)
class _Worker:
    process: WorkerProcess
    context: FileContext | None = None
    pending: deque[int] = field(default_factory=deque)


class ProcessEngine:
    """Scores chunks in several processes; see `titanic_batch.engine.base.Engine`.

    Args:
        model: What each worker loads.
        worker_count: How many there are.
    """

    def __init__(self, model: VerifiedModel, worker_count: int) -> None:
        start_forkserver()
        self._workers = [_start(model) for _ in range(worker_count)]
        self._description: ModelDescription | None = None
        self._most_works = most_open_outputs()  # on their way; each may be of another output

    def describe(self) -> ModelDescription:
        """Wait until a worker has loaded the model and says what it is."""
        if self._description is None:
            for worker in self._workers:
                answer = self._answer(worker)
                if isinstance(answer, TitanicBatchError):
                    raise answer
                self._description = answer
        assert self._description is not None
        return self._description

    def make_plan(self, name: str, seconds: float | None = None) -> bytes | str:
        self.describe()
        worker = self._workers[0]
        self._tell(worker, MakePlan(name, seconds))
        answer = self._answer(worker)
        if isinstance(answer, TitanicBatchError):
            raise answer
        made: bytes | str = answer
        return made

    def use_plan(self, plan: ScoringPlan) -> None:
        for worker in self._workers:
            self._tell(worker, plan)

    def map(self, tasks: Iterable[ChunkTask]) -> Iterator[ChunkResult]:
        """Yield the result of each task in order; tasks are read as workers become free."""
        most = max(self._most_works // (_AHEAD * len(self._workers)), 1)
        source = enumerate(batched(tasks, self.describe().info, most))
        sent: deque[list[ChunkTask]] = deque()
        done: dict[int, list[ScoredChunk | TitanicBatchError]] = {}
        next_out = 0
        exhausted = False
        while True:
            while not exhausted and self._has_room(sent):
                entry = next(source, None)
                exhausted = entry is None
                if entry is not None:
                    index, batch = entry
                    sent.append(batch)
                    self._send(index, batch)
            if not sent:
                return
            if next_out not in done:
                self._collect(done)
                continue
            for task, result in zip(sent.popleft(), done.pop(next_out), strict=True):
                yield ChunkResult(task.key, result)
            next_out += 1

    def _has_room(self, unwritten: Sequence[list[ChunkTask]]) -> bool:
        if all(len(worker.pending) >= _AHEAD for worker in self._workers):
            return False
        few = len(unwritten) < _UNWRITTEN * len(self._workers)
        return few and (not unwritten or sum(map(len, unwritten)) < self._most_works)

    def _send(self, index: int, batch: list[ChunkTask]) -> None:
        worker = min(self._workers, key=lambda worker: len(worker.pending))
        message: list[tuple[FileContext | None, Chunk]] = []
        for task in batch:
            message.append((None if task.context is worker.context else task.context, task.chunk))
            worker.context = task.context
        self._tell(worker, message)
        worker.pending.append(index)

    def _tell(self, worker: _Worker, message: Message) -> None:
        try:
            with interruptible():  # a worker takes it in when it comes to it
                worker.process.connection.send(message)
        except (BrokenPipeError, ConnectionResetError) as exc:
            raise _ended(worker) from exc

    def _collect(self, done: dict[int, list[ScoredChunk | TitanicBatchError]]) -> None:
        """Take in every answer that is there; wait for one if there is none."""
        for worker in self._workers:
            if worker.pending and worker.process.connection.poll():
                self._take(worker, done)
                return
        with interruptible():
            wait([worker.process.connection for worker in self._workers if worker.pending])

    def _take(
        self, worker: _Worker, done: dict[int, list[ScoredChunk | TitanicBatchError]]
    ) -> None:
        answer = self._answer(worker)
        if isinstance(answer, TitanicBatchError):
            raise answer
        done[worker.pending.popleft()] = answer

    def _answer(self, worker: _Worker) -> Any:
        try:
            with interruptible():
                answer = worker.process.connection.recv()
        except (EOFError, OSError) as exc:  # an OSError: in the middle of an answer
            raise _ended(worker) from exc
        return answer

    def close(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.wait(_STOP_TIMEOUT_S)
            worker.process.life.close()
        self._workers = []


def _start(model: VerifiedModel) -> _Worker:
    process = start_worker()
    try:
        with interruptible():
            process.connection.send(_place())
            process.connection.send(model)
    except OSError as exc:
        process.kill()
        process.life.close()
        raise could_not_start(exc) from exc
    return _Worker(process=process)


def _place() -> tuple[str | None, list[str]]:
    """Return the working folder, None where it is gone, and where modules are looked for."""
    try:
        return os.getcwd(), full_path()  # noqa: PTH109  # a text is all that is sent
    except FileNotFoundError:
        return None, full_path()


def _ended(worker: _Worker) -> WorkerEndedError:
    code = worker.process.wait(_STOP_TIMEOUT_S)
    how = ""
    if code is not None:  # unknown where the forkserver was ended as well
        how = f" by {signal.Signals(-code).name}" if code < 0 else f" ({code})"
    return WorkerEndedError(
        f"the system ended a worker process{how}, most often because memory ran out",
        hint="Lower --workers or --chunk-size, or give the job more memory.",
    )
